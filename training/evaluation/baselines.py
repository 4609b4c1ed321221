"""Baselines: what a company has without Leadcast, fitted on the same rows.

Base rate, win rate by stage, naive Bayes, a point scorecard, logistic regression and LightGBM with its defaults. Each
is a function of a Task that returns a function from values (n, k) to probabilities (n,), strictly inside 0 to 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np

from features.catalogue import Feature
from history.base.arrays import Floats, Ints
from models.figures.kernel import sigmoid
from models.figures.parameters import BINNING
from training.evaluation.odoo import SMOOTHING
from training.fit.additive import WeightedRows, fit_linear
from training.rows.bins import BinnedRows

Predict = Callable[[Floats], Floats]

CLIP = 1e-4  # no baseline is surer than this
PRIOR_ROWS = 10  # at the base rate, in the win rate of a stage or a band of points
DECILES = np.linspace(0, 1, 11)[1:-1]
POINT_COLUMNS, POINT_STEP = 20, 5
LOGISTIC_C = 0.5
LIGHTGBM_ROUNDS = 100  # its default
LIGHTGBM_DEFAULTS = {
    **BINNING,
    "objective": "binary",
    "seed": 0,
    "deterministic": True,
    # Faster than by column for trees on all columns and rows, however many columns.
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Task:
    """Rows to fit on: values (n, k), the k features, won (n,) as 0 or 1, and the rows in the bins of all fits."""

    values: Floats
    features: Sequence[Feature]
    won: Floats
    binned: BinnedRows

    @cached_property
    def cuts(self) -> list[Floats | None]:
        """Decile edges of each number column, None for categories."""
        return [
            _cuts(self.values[:, j]) if feature.kind == "number" else None
            for j, feature in enumerate(self.features)
        ]

    @cached_property
    def codes(self) -> Ints:
        """The codes (n, k) of the values by `cuts`."""
        return _binned(self.values, self.cuts)

    @cached_property
    def ratios(self) -> list[Floats]:
        """The log ratios of each column's codes."""
        return [log_ratios(codes, self.won) for codes in self.codes.T]

    @property
    def base_rate(self) -> float:
        """Win rate, clipped to CLIP from 0 and 1."""
        return float(np.clip(self.won.mean(), CLIP, 1 - CLIP))


def base_rate(task: Task) -> Predict:
    """The win rate of all rows."""
    rate = task.base_rate
    return lambda values: np.full(len(values), rate)


def stage_table(task: Task) -> Predict:
    """The win rate of the rows in the same stage, shrunk to the base rate; the base rate without stages."""
    column = next((j for j, feature in enumerate(task.features) if feature.name == "stage"), None)
    if column is None:
        return base_rate(task)
    codes = _codes(task.values[:, column])
    stages = int(codes.max()) + 1
    rate = _shrunk_rates(codes, task, stages)

    def predict(values: Floats) -> Floats:
        code = _codes(values[:, column])
        is_known = code < stages
        return np.where(is_known, rate[np.minimum(code, stages - 1)], task.base_rate)

    return predict


def _shrunk_rates(group: Ints, task: Task, groups: int) -> Floats:
    """Win rate of each group (groups,), as if it had PRIOR_ROWS more rows at the base rate; group (n,)."""
    wins, rows = np.bincount(group, task.won, groups), np.bincount(group, minlength=groups)
    rates: Floats = (wins + PRIOR_ROWS * task.base_rate) / (rows + PRIOR_ROWS)
    return rates


def naive_bayes(task: Task) -> Predict:
    """Odoo's lead scoring on the catalogue: frequencies of each value among won and lost rows, numbers in deciles.

    As in odoo.py each count starts from SMOOTHING, an unseen value drops out and no lead is sure. Unlike there, the
    stage is a value like others, because a row is a lead at some instant, not in its last stage.
    """
    cuts, ratios = task.cuts, task.ratios
    wins = float(task.won.sum())
    losses = float(len(task.won) - task.won.sum())
    prior_log_odds = np.log((wins + SMOOTHING) / (losses + SMOOTHING))

    def predict(values: Floats) -> Floats:
        log_odds = np.full(len(values), prior_log_odds)
        for codes, ratio in zip(_binned(values, cuts).T, ratios, strict=True):
            is_known = codes < len(ratio)
            log_odds += np.where(is_known, ratio[np.minimum(codes, len(ratio) - 1)], 0.0)
        return np.clip(sigmoid(np.clip(log_odds, -30, 30)), CLIP, 1 - CLIP)

    return predict


def log_ratios(codes: Ints, won: Floats) -> Floats:
    """log P(value | won) - log P(value | lost) by code (codes.max() + 1,), 0 for unseen codes; codes, won (n,).

    Counts of values that were seen start from SMOOTHING.
    """
    size = int(codes.max()) + 1
    is_seen = np.bincount(codes, minlength=size) > 0
    wins = np.where(is_seen, np.bincount(codes, won, size) + SMOOTHING, 0.0)
    losses = np.where(is_seen, np.bincount(codes, 1 - won, size) + SMOOTHING, 0.0)
    ratio = np.zeros(size)
    ratio[is_seen] = np.log(wins[is_seen] / wins.sum()) - np.log(losses[is_seen] / losses.sum())
    return ratio


def points(task: Task) -> Predict:
    """A marketing scorecard: the clearest POINT_COLUMNS columns give points, each band of total points a win rate."""
    cuts = task.cuts
    # A marketer's points are round numbers: half a unit of log-odds is worth POINT_STEP.
    tables = [np.round(ratio * 2) * POINT_STEP for ratio in task.ratios]
    spread = np.array([np.std(table[codes]) for codes, table in zip(task.codes.T, tables, strict=True)])
    columns = np.argsort(-spread, kind="stable")[:POINT_COLUMNS]

    totals = _total(task.codes, tables, columns)
    edges = np.unique(np.quantile(totals, DECILES))

    def band(points: Floats) -> Ints:
        """The band of each total (n,)."""
        return np.searchsorted(edges, points, side="right")

    rate = _shrunk_rates(band(totals), task, len(edges) + 1)
    return lambda values: rate[band(_total(_binned(values, cuts, columns), tables, columns))]


def _total(codes: Ints, tables: Sequence[Floats], columns: Ints) -> Floats:
    """The sum (n,) of the points of the columns' codes (n, k)."""
    by_column = [tables[j][np.minimum(codes[:, j], len(tables[j]) - 1)] for j in columns]
    return np.asarray(np.sum(by_column, axis=0), dtype=np.float64) if by_column else np.zeros(len(codes))


def logistic_regression(task: Task) -> Predict:
    """Logistic regression on the whole catalogue, of fixed strength, on as many rows as the linear start reads."""
    rows = WeightedRows(task.values, task.features, task.won, np.ones(len(task.won)))
    model = fit_linear(rows, LOGISTIC_C).model
    return lambda values: sigmoid(model.margin(values))


def lightgbm_defaults(task: Task) -> Predict:
    """LightGBM with its default parameters, on the same columns in the bins of all fits (docs/decisions/0074)."""
    n = len(task.won)
    data = task.binned.dataset(task.won, np.ones(n), None, LIGHTGBM_DEFAULTS)
    model = lgb.train(LIGHTGBM_DEFAULTS, data, LIGHTGBM_ROUNDS)
    return lambda values: np.asarray(model.predict(values, num_threads=1), dtype=np.float64)


BASELINES: dict[str, Callable[[Task], Predict]] = {
    "base_rate": base_rate,
    "stage_table": stage_table,
    "naive_bayes": naive_bayes,
    "points": points,
    "logistic_regression": logistic_regression,
    "lightgbm_defaults": lightgbm_defaults,
}


# ---- binning


def _cuts(column: Floats) -> Floats:
    """Distinct deciles of a column's present values, at most 9; none if all are missing."""
    known = column[~np.isnan(column)]
    return np.unique(np.quantile(known, DECILES)) if len(known) else np.zeros(0)


def _binned(values: Floats, cuts: Sequence[Floats | None], columns: Ints | None = None) -> Ints:
    """Codes (n, k): of a number 0 if missing, else its decile from 1; of a category its own code.

    columns: those to be coded, all others stay 0; None for all.
    """
    out = np.zeros(values.shape, dtype=np.int64, order="F")  # written and read by columns
    for j in range(len(cuts)) if columns is None else columns.tolist():
        edges, column = cuts[j], values[:, j]
        if edges is None:
            out[:, j] = _codes(column)
        else:
            bins = 1 + np.searchsorted(edges, column, side="right")
            out[:, j] = np.where(np.isnan(column), 0, bins)
    return out


def _codes(column: Floats) -> Ints:
    """Category codes; 0 for missing and negative ones."""
    return np.where(np.isnan(column), 0, np.maximum(column, 0)).astype(np.int64)
