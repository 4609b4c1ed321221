"""Reasons: Shapley values of whole ensembles, beside LightGBM's pred_contrib, woodelf-explainer and shap.

Makes its own data and fits two ensembles on it. Checks that all agree before it measures: with LightGBM to 1e-9, with
the others, which compute in single precision in parts, to 1e-3. Times are the best of several runs, in processor time
on one thread.

    python -m benchmarks.bench_shapley [--rows 10000] [--columns 180]
"""

import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial

# Before LightGBM loads OpenMP: threads that spin between calls would count as processor time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb
import numpy as np
import pandas as pd
import shap
from woodelf import WoodelfExplainer

from benchmarks.measurement.comparison import Comparison, note, options_parser, report
from benchmarks.measurement.timing import best_of, machine
from history.base.arrays import Floats
from models.trees.ensemble import Trees, trees_from_text

ENSEMBLES = ((120, 8), (400, 31))  # trees, leaves of each
SHAP_ROWS = 500  # shap is slow enough to be measured on some of the rows
EXACT, CLOSE = 1e-9, 1e-3
IN_BULK, OF_WOODELF, OF_SHAP, ALONE = 15.0, 2.0, 1.0, 1.0  # least ratios


@dataclass(frozen=True)
class Ensemble:
    """The same trees as LightGBM holds them and as ours; values (n, k) are the rows to explain."""

    name: str
    booster: lgb.Booster
    trees: Trees
    values: Floats


@dataclass(frozen=True)
class Peer:
    """Another way to the same values, how closely they must agree, and the least ratio of the speeds."""

    name: str
    values: Callable[[], Floats]
    tolerance: float
    target: float


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=180)
    options = parser.parse_args()
    note(f"{machine()}, LightGBM {lgb.__version__}, shap {shap.__version__}")
    values = np.random.default_rng(0).normal(size=(options.rows, options.columns))
    report(
        (one for size in ENSEMBLES for one in comparisons(fitted(values, *size))),
        options.json,
    )


def fitted(values: Floats, trees: int, leaves: int) -> Ensemble:
    noise = np.random.default_rng(1).normal(size=len(values))
    is_won = values[:, 0] + values[:, 1] * values[:, 2] + noise > 0
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbose": -1}
    booster = lgb.train(settings, lgb.Dataset(values, is_won.astype(float)), trees)
    return Ensemble(
        f"{trees} trees of {leaves} leaves", booster, trees_from_text(booster.model_to_string()), values
    )


def comparisons(ensemble: Ensemble) -> Iterator[Comparison]:
    """Peers take seconds to minutes: one call of each gives both the values to compare and the time."""
    trees, values, booster = ensemble.trees, ensemble.values, ensemble.booster
    _ = trees.tables  # made when a service loads a model, never at a request
    own, seconds = timed_values(partial(trees.contributions, values), 3)
    ours = Comparison(
        f"Shapley values, {ensemble.name}, {len(values):,} rows", 1e6 * seconds / len(values), "us"
    )
    contributions = partial(booster.predict, pred_contrib=True, num_threads=1)
    frame = pd.DataFrame(values, columns=list(trees.names))
    some = values[:SHAP_ROWS]
    peers = (
        Peer("LightGBM pred_contrib", lambda: contributions(values)[:, :-1], EXACT, IN_BULK),
        Peer("woodelf-explainer", partial(by_woodelf, WoodelfExplainer(booster), frame), CLOSE, OF_WOODELF),
        Peer("shap TreeExplainer", partial(by_shap, booster, some), CLOSE, OF_SHAP),
    )
    for peer in peers:
        theirs, seconds = timed_values(peer.values)
        check_close(own[: len(theirs)], theirs, peer.tolerance)
        us = 1e6 * seconds / len(theirs)
        yield ours.beside(peer.name, us, peer.target, f"to {peer.tolerance:g}")

    alone = values[:1]
    _, one_row = timed_values(partial(trees.contributions, alone), 50)
    _, theirs_alone = timed_values(partial(contributions, alone), 20)
    yield Comparison(f"the same, {ensemble.name}, one row alone", 1e6 * one_row, "us").beside(
        "LightGBM pred_contrib", 1e6 * theirs_alone, ALONE, f"to {EXACT:g}"
    )


def timed_values(work: Callable[[], Floats], runs: int = 1) -> tuple[Floats, float]:
    """Values, and the least seconds of processor time."""
    found: list[Floats] = []
    timing = best_of(lambda: found.append(work()), runs)
    return found[-1], timing.processor


def by_woodelf(explainer: WoodelfExplainer, frame: pd.DataFrame) -> Floats:
    """Its progress bars are not shown."""
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere), redirect_stdout(nowhere):
        return np.asarray(explainer.shap_values(frame), dtype=np.float64).reshape(frame.shape)


def by_shap(booster: lgb.Booster, values: Floats) -> Floats:
    found = shap.TreeExplainer(booster).shap_values(values, check_additivity=False)
    return np.asarray(found, dtype=np.float64).reshape(values.shape)


def check_close(ours: Floats, theirs: Floats, tolerance: float) -> None:
    difference = float(np.abs(ours - theirs).max())
    if difference > tolerance:
        raise SystemExit(f"Shapley values differ by {difference:.2g}")


if __name__ == "__main__":
    main()
