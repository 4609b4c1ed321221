"""What each part of the conversion model buys: the model without it, at several past dates and seeds.

Every variant is fitted on what was known at a date, with the default parameters, and judged on the leads open then.
Prints the machine, the dates, and for each variant the mean AUC and log loss, and the differences from the whole model.

    python -m benchmarks.ablation DATA [--origins 6] [--seeds 1] [--at 2026-01-01 ...]
"""

import argparse
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.matrix import build_matrix
from history.arrays import Floats
from history.errors import InvalidInput
from history.history import OPEN, History
from history.read import parse_time, read_folder
from history.snapshot import Snapshot, cut, open_leads, state_at
from history.times import format_time
from models.additive import AdditiveModel
from models.calibration import sigmoid
from models.parameters import Parameters
from training.audit.audit import audit, suspects
from training.backtest.dates import default_dates
from training.backtest.origin import baseline_probabilities
from training.evaluation.metrics import conversion_metrics
from training.evaluation.out_of_fold import predict_splits
from training.fit.additive import FitSettings
from training.fit.calibration import fit_calibration
from training.fit.censored import censored_at, fit_matured, fit_with_censored
from training.rows.dataset import GRID, training_rows
from training.rows.labels import label
from training.rows.splits import lead_splits
from training.rows.time_proxies import masked
from training.rows.training_set import PreparedData, TrainingSet, prepare

Figures = dict[str, dict[str, float]]

NEVER_OLD = 1e9  # half-life in horizons
WHOLE = "whole model"


@dataclass(frozen=True)
class Case:
    """One date: what training had, the rows that ask, and what became of them."""

    prepared: PreparedData
    asked: Floats
    won: Floats
    seed: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--origins", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--at", nargs="*", default=[])
    given = parser.parse_args()
    history = read_folder(given.data)
    dates = [parse_time(text, history.config.zone) for text in given.at] or default_dates(
        history, given.origins
    )
    print(
        f"machine: {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, numpy {np.__version__}"
    )
    print(f"{given.data.name}: {len(history):,} leads, {len(dates)} dates, {given.seeds} seeds")
    found = [
        f for at in dates for seed in range(given.seeds) if (f := at_date(history, at, seed)) is not None
    ]
    print_table(found)


def at_date(history: History, at_us: int, seed: int) -> Figures | None:
    """Figures of every variant at one date; None, said why, where training has nothing to learn from."""
    try:
        case = case_of(history, at_us, seed)
    except (InvalidInput, ValueError) as refused:
        print(f"{format_time(at_us)[:10]} left out: {refused}")
        return None
    out = {name: conversion_metrics(case.won, make(case)) for name, make in VARIANTS.items()}
    out |= {
        name: conversion_metrics(case.won, p)
        for name, p in baseline_probabilities(case.prepared, case.asked).items()
    }
    whole = out[WHOLE]
    print(
        f"{format_time(at_us)[:10]} seed {seed}: {len(case.won)} leads, {int(case.won.sum())} won, whole model AUC "
        f"{whole['auc']:.3f}, log loss {whole['log_loss']:.4f}",
        flush=True,
    )
    return out


def case_of(history: History, at_us: int, seed: int) -> Case:
    past = cut(history, at_us)
    dropped = suspects(audit(past), ())
    kept = {name: column for name, column in past.attributes.items() if name not in dropped}
    past = replace(past, config=replace(past.config, ignore=(*past.config.ignore, *dropped)), attributes=kept)
    prepared = prepare(past, training_rows(past, seed), seed)
    if not 0 < prepared.training_set.won.sum() < len(prepared.training_set.won):
        raise ValueError("all training rows ended the same way")
    values = build_matrix(open_leads(past, at_us), prepared.vocabulary).values
    won = label(open_leads(history, at_us), history.config.horizon_us).won
    return Case(prepared, masked(values, prepared.time_proxies), won.astype(np.float64), seed)


# ---- variants


def margin(
    case: Case,
    parameters: Parameters,
    rows: "npt.NDArray[np.int64] | None" = None,
    sure: bool = True,
    use_censored: bool = True,
) -> Floats:
    """The margins of the asked rows of one fit: on all rows or some, with directions or without."""
    return fitted(case, parameters, rows, sure, use_censored).margin(case.asked)


def fitted(
    case: Case, parameters: Parameters, rows: "npt.NDArray[np.int64] | None", sure: bool, use_censored: bool
) -> AdditiveModel:
    training_set = case.prepared.training_set
    index = np.arange(len(training_set.rows)) if rows is None else rows
    if not sure:
        training_set = replace(
            training_set, features=[replace(f, direction=0) for f in training_set.features]
        )
    now = training_set.rows.snapshot.history.as_of_us
    if not use_censored:
        return fit_matured(training_set, index, now, FitSettings(parameters, case.seed))
    return fit_with_censored(
        training_set, index, censored_at(training_set, now), now, FitSettings(parameters, case.seed)
    )


def calibrated(case: Case) -> Floats:
    """The whole model as it is served: its slope from leads held out, its level from the latest matured rows."""
    training_set, parameters = case.prepared.training_set, Parameters()
    apart = lead_splits(training_set.rows, case.seed)
    unseen = predict_splits(training_set, apart, parameters, case.seed) if apart else None
    model = fitted(case, parameters, None, True, True)
    return fit_calibration(unseen, training_set, model.margin(training_set.values)).probability(
        model.margin(case.asked)
    )


def on_grid(training_set: TrainingSet) -> "npt.NDArray[np.int64]":
    return np.flatnonzero(training_set.rows.origin == GRID)


def decided(training_set: TrainingSet) -> "npt.NDArray[np.int64]":
    """Rows of leads that are closed by now: what is trained on where open leads are left out."""
    snapshot: Snapshot = training_set.rows.snapshot
    now = np.full(len(snapshot), snapshot.history.as_of_us)
    return np.flatnonzero(state_at(snapshot.history, snapshot.lead, now) != OPEN)


def closed_alone(case: Case) -> Floats:
    return margin(case, Parameters(), decided(case.prepared.training_set), use_censored=False)


VARIANTS: Mapping[str, Callable[[Case], Floats]] = {
    WHOLE: calibrated,
    "without calibration": lambda case: sigmoid(margin(case, Parameters())),
    "without censored rows": lambda case: sigmoid(margin(case, Parameters(), use_censored=False)),
    "linear start alone": lambda case: sigmoid(margin(case, Parameters(rounds=0))),
    "trees alone": lambda case: sigmoid(margin(case, Parameters(linear_share=0.0))),
    "without recency weights": lambda case: sigmoid(margin(case, Parameters(half_life_horizons=NEVER_OLD))),
    "without sure directions": lambda case: sigmoid(margin(case, Parameters(), sure=False)),
    "grid rows alone": lambda case: sigmoid(margin(case, Parameters(), on_grid(case.prepared.training_set))),
    "closed leads alone": lambda case: sigmoid(closed_alone(case)),
}


def print_table(found: list[Figures]) -> None:
    if not found:
        raise SystemExit("no date could be judged")
    print(
        "\n| variant | AUC | minus whole | log loss | minus whole | wins error |\n|---|---|---|---|---|---|"
    )
    for name in found[0]:
        auc, loss = (np.array([f[name][k] for f in found]) for k in ("auc", "log_loss"))
        gaps = [
            np.nanmean(x - np.array([f[WHOLE][k] for f in found]))
            for x, k in ((auc, "auc"), (loss, "log_loss"))
        ]
        wins = np.mean([abs(f[name]["wins_error"]) for f in found])
        print(
            f"| {name} | {np.nanmean(auc):.4f} | {gaps[0]:+.4f} | {loss.mean():.4f} | {gaps[1]:+.4f} | {wins:.1%} |"
        )


if __name__ == "__main__":
    main()
