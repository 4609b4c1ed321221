"""What a company has without Leadcast, on the same rows: base rate, stage table, naive Bayes, points, simple models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from features.catalogue import Feature
from history.arrays import Floats
from models.calibration import sigmoid
from training.evaluation.odoo import SMOOTHING
from training.fit.linear import fit_logistic

Predict = Callable[[Floats], Floats]

POINTS_TOP, POINTS_STEP = 20, 5


@dataclass(frozen=True)
class Task:
    """Rows to fit on: values (n, k), their features, won (n,) as 0 or 1."""

    values: Floats
    features: Sequence[Feature]
    won: Floats


def base_rate(task: Task) -> Predict:
    """The win rate of all rows."""
    rate = float(np.clip(task.won.mean(), 1e-4, 1 - 1e-4))
    return lambda values: np.full(len(values), rate)


def stage_table(task: Task) -> Predict:
    """The win rate of the rows in the same stage, as if ten rows at the base rate had been seen there."""
    column = next((j for j, f in enumerate(task.features) if f.name == "stage"), None)
    if column is None:
        return base_rate(task)
    codes = _codes(task.values[:, column])
    size = int(codes.max()) + 1
    base = float(np.clip(task.won.mean(), 1e-4, 1 - 1e-4))
    rate = (np.bincount(codes, task.won, size) + 10 * base) / (np.bincount(codes, minlength=size) + 10)

    def predict(values: Floats) -> Floats:
        at = _codes(values[:, column])
        return np.where(at < size, rate[np.minimum(at, size - 1)], base)

    return predict


def naive_bayes(task: Task) -> Predict:
    """Odoo's predictive lead scoring on the catalogue: won and lost frequencies of each value, numbers in deciles.

    As in odoo.py every count starts from SMOOTHING, a value never seen drops out and no lead is sure; stages
    count as any other value, for a row is a lead seen before its end, not its last state.
    """
    cuts = [_cuts(task.values[:, j]) if f.kind == "number" else None for j, f in enumerate(task.features)]
    binned = _binned(task.values, cuts)
    wins, losses = float(task.won.sum()), float(len(task.won) - task.won.sum())
    tables = [frequencies(binned[:, j], task.won) for j in range(binned.shape[1])]

    def predict(values: Floats) -> Floats:
        odds = np.full(len(values), np.log((wins + SMOOTHING) / (losses + SMOOTHING)))
        for column, table in zip(_binned(values, cuts).T, tables, strict=True):
            known = column < len(table)
            odds += np.where(known, table[np.minimum(column, len(table) - 1)], 0.0)
        return np.clip(sigmoid(np.clip(odds, -30, 30)), 1e-4, 1 - 1e-4)

    return predict


def frequencies(codes: npt.NDArray[np.int64], won: Floats) -> Floats:
    """log P(value | won) - log P(value | lost) by code, every count that was seen at all starting from SMOOTHING."""
    size = int(codes.max()) + 1
    seen = np.bincount(codes, minlength=size) > 0
    w = np.where(seen, np.bincount(codes, won, size) + SMOOTHING, 0.0)
    n = np.where(seen, np.bincount(codes, 1 - won, size) + SMOOTHING, 0.0)
    ratio = np.zeros(size)
    ratio[seen] = np.log(w[seen] / w.sum()) - np.log(n[seen] / n.sum())
    return ratio


def points(task: Task) -> Predict:
    """A marketing scorecard: the twenty clearest columns give points in steps of five, each band of points a rate."""
    cuts = [_cuts(task.values[:, j]) if f.kind == "number" else None for j, f in enumerate(task.features)]
    binned = _binned(task.values, cuts)
    tables = [np.round(frequencies(binned[:, j], task.won) * 2) * POINTS_STEP for j in range(binned.shape[1])]
    spread = np.array([np.std(table[binned[:, j]]) for j, table in enumerate(tables)])
    chosen = np.argsort(-spread, kind="stable")[:POINTS_TOP]

    def total(values: Floats) -> Floats:
        at = _binned(values, cuts)
        each = [tables[j][np.minimum(at[:, j], len(tables[j]) - 1)] for j in chosen] or [
            np.zeros(len(values))
        ]
        return np.asarray(np.sum(each, axis=0), dtype=np.float64)

    scored = total(task.values)
    edges = np.unique(np.quantile(scored, np.linspace(0, 1, 11)[1:-1]))
    band = np.searchsorted(edges, scored, side="right")
    base = float(np.clip(task.won.mean(), 1e-4, 1 - 1e-4))
    size = len(edges) + 1
    rate = (np.bincount(band, task.won, size) + 10 * base) / (np.bincount(band, minlength=size) + 10)
    return lambda values: rate[np.searchsorted(edges, total(values), side="right")]


def logistic(task: Task) -> Predict:
    """Logistic regression on the whole catalogue, scikit-learn's strength of 0.5."""
    model = fit_logistic(task.values, task.features, task.won, np.ones(len(task.won)), 0.5)
    return lambda values: sigmoid(model.margin(values))


def lightgbm_defaults(task: Task) -> Predict:
    """LightGBM as it comes, on the same columns."""
    categories = [j for j, f in enumerate(task.features) if f.kind == "category"]
    data = lgb.Dataset(task.values, task.won, categorical_feature=categories)
    parameters = {
        "objective": "binary",
        "verbosity": -1,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
    }
    model = lgb.train(parameters, data, 100)
    return lambda values: np.asarray(model.predict(values, num_threads=1), dtype=np.float64)


BASELINES: dict[str, Callable[[Task], Predict]] = {
    "base_rate": base_rate,
    "stage_table": stage_table,
    "naive_bayes": naive_bayes,
    "points": points,
    "logistic_regression": logistic,
    "lightgbm_defaults": lightgbm_defaults,
}


def _codes(column: Floats) -> npt.NDArray[np.int64]:
    return np.where(np.isnan(column), 0, np.maximum(column, 0)).astype(np.int64)


def _cuts(column: Floats) -> Floats:
    seen = column[~np.isnan(column)]
    return np.unique(np.quantile(seen, np.linspace(0, 1, 11)[1:-1])) if len(seen) else np.zeros(0)


def _binned(values: Floats, cuts: Sequence[Floats | None]) -> npt.NDArray[np.int64]:
    """Codes (n, k): 0 for missing numbers, deciles from 1; categories keep their codes."""
    out = np.empty(values.shape, dtype=np.int64)
    for j, edges in enumerate(cuts):
        column = values[:, j]
        out[:, j] = (
            _codes(column)
            if edges is None
            else np.where(np.isnan(column), 0, 1 + np.searchsorted(edges, column, side="right"))
        )
    return out
