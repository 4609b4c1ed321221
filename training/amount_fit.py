"""Fits E[amount | won] on past wins, and measures on later ones how far off it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from features.catalogue import Feature
from models.amount import AmountModel
from models.parameters import Parameters
from training.additive_fit import fit_conversion, fit_regression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_WINS = 40  # below that the size of a deal is the shrunk mean
MIN_ZERO_SHARE = 0.02  # from here on whether a deal brings money is a question of its own
LEVELS = np.linspace(0.0, 1.0, 101)
SIZE = (Parameters(rounds=80, learning_rate=0.05, leaves=6, min_leaf_rows=20, l2=10.0), 30.0)
FACTOR_PRIOR = 30.0  # wins that say the smearing estimate is right
FOLDS = 4


@dataclass(frozen=True)
class Wins:
    """m past wins: features when they were still open, amounts, leads (a lead's rows share a weight of one),
    when they closed.
    """

    values: Floats
    amount: Floats
    lead: Ints
    at_us: Ints

    @property
    def weight(self) -> Floats:
        _, index, count = np.unique(self.lead, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[index], dtype=np.float64)

    def take(self, rows: npt.NDArray[np.generic]) -> "Wins":
        return Wins(self.values[rows], self.amount[rows], self.lead[rows], self.at_us[rows])


def fit_amount(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel | None:
    """The amount model; None where no win has a known amount.

    The size model is kept only where it tells later amounts apart better than their mean does; its total is
    then set right by the ratio of amounts to predictions on wins it was not fitted on, shrunk to the smearing
    estimate.
    """
    known = wins.take(np.flatnonzero(~np.isnan(wins.amount)))
    if not len(known.amount):
        return None
    constant = _constant(known)
    if len(np.unique(known.lead)) < MIN_WINS or not (known.amount > 0).any():
        return constant
    judged = _out_of_fit(known, features, seed)
    if judged is None:
        return constant
    fitted = _fit(known, features, seed)
    return _with_residuals(fitted, judged, known) if _useful(judged, known) else constant


def _constant(wins: Wins) -> AmountModel:
    weight = wins.weight
    positive = wins.amount > 0
    rate = float(np.average(positive, weights=weight))
    if not positive.any():
        return AmountModel(None, 0.0, None, 0.0, 1.0, LEVELS, np.zeros(len(LEVELS)), False)
    logs = np.log(wins.amount[positive])
    w = weight[positive]
    level = float(np.average(logs, weights=w))
    factor = float(np.average(wins.amount[positive], weights=w) / np.exp(level))
    return AmountModel(None, level, None, rate, factor, LEVELS, weighted_quantiles(logs - level, w), False)


def _fit(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel:
    """Size and zero-or-not models on all given wins, with the smearing factor of their own residuals."""
    weight = wins.weight
    positive = wins.amount > 0
    rate = float(np.average(positive, weights=weight))
    values, w, logs = wins.values[positive], weight[positive], np.log(wins.amount[positive])
    size = fit_regression(values, features, logs, w, SIZE, seed)
    residual = logs - size.margin(values)
    pays = None
    if min(rate, 1 - rate) >= MIN_ZERO_SHARE and (1 - rate) * len(np.unique(wins.lead)) >= 10:
        gentle = Parameters(rounds=40, linear_c=0.01, min_leaf_rows=30)
        pays = fit_conversion(wins.values, features, positive.astype(np.float64), weight, gentle, seed)
    factor = float(np.average(np.exp(np.clip(residual, -20, 20)), weights=w))
    return AmountModel(size, 0.0, pays, rate, factor, LEVELS, weighted_quantiles(residual, w), True)


@dataclass(frozen=True)
class _Judged:
    """Predictions for wins that the fit did not see: row positions, log size, expected amount."""

    rows: Ints
    log_size: Floats
    expected: Floats


def _out_of_fit(wins: Wins, features: Sequence[Feature], seed: int) -> _Judged | None:
    """Replays by closing time: the latest three quarters of wins, a quarter at a time, each judged by a fit
    on earlier ones.
    """
    order = np.argsort(wins.at_us, kind="stable")
    edges = np.quantile(wins.at_us[order], np.linspace(0, 1, FOLDS + 1))
    rows, sizes, expected = [], [], []
    for k in range(1, FOLDS):
        judge = np.flatnonzero((wins.at_us > edges[k]) & (wins.at_us <= edges[k + 1]))
        fit = np.flatnonzero(wins.at_us <= edges[k])
        fit = fit[~np.isin(wins.lead[fit], wins.lead[judge])]
        part = wins.take(fit)
        if len(np.unique(part.lead)) < MIN_WINS // 2 or not (part.amount > 0).any() or not len(judge):
            continue
        model = _fit(part, features, seed)
        assert model.size is not None
        rows.append(judge)
        sizes.append(model.size.margin(wins.values[judge]))
        expected.append(model.predict(wins.values[judge])[0])
    if not rows:
        return None
    return _Judged(np.concatenate(rows), np.concatenate(sizes), np.concatenate(expected))


def _useful(judged: _Judged, wins: Wins) -> bool:
    """Whether size(x) explained any of the spread of later amounts: a positive correlation that chance rarely
    gives.
    """
    amount = wins.amount[judged.rows]
    w = wins.weight[judged.rows]
    rank, worth = (np.asarray(rankdata(v), dtype=np.float64) for v in (judged.expected, amount))
    rank -= np.average(rank, weights=w)
    worth -= np.average(worth, weights=w)
    spread = float(np.sqrt(np.sum(w * rank**2) * np.sum(w * worth**2)))
    correlation = float(np.sum(w * rank * worth)) / spread if spread > 0 else 0.0
    return bool(correlation > 2.0 / np.sqrt(max(w.sum(), 1.0)))


def _with_residuals(model: AmountModel, judged: _Judged, wins: Wins) -> AmountModel:
    amount, w = wins.amount[judged.rows], wins.weight[judged.rows]
    positive = amount > 0
    residual = np.log(amount[positive]) - judged.log_size[positive]
    ratio = float(np.sum(w * amount) / max(np.sum(w * judged.expected), 1e-12))
    n = float(w.sum())
    factor = model.factor * (FACTOR_PRIOR + n * ratio) / (FACTOR_PRIOR + n)
    return replace(model, factor=factor, residuals=weighted_quantiles(residual, w[positive]))


def weighted_quantiles(values: Floats, weight: Floats) -> Floats:
    """Quantiles at LEVELS, non-decreasing; the ends are the smallest and the largest value."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    places = (mass - 0.5 * weight[order]) / mass[-1]
    return np.asarray(np.interp(LEVELS, places, values[order]), dtype=np.float64)
