"""Fits E[amount | won] on past wins, and measures on later ones how far off it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from features.catalogue import Feature
from history.arrays import Floats, Ints, Mask
from models.amount import AmountModel
from models.parameters import Parameters
from training.fit.additive import fit_conversion, fit_regression
from training.rows.splits import fold_of

MIN_WINS = 40  # below that many deals that pay the size of a deal is their shrunk mean
MIN_ZERO_SHARE = 0.02  # from here on whether a deal brings money is a question of its own
LEVELS = np.linspace(0.0, 1.0, 101)
SIZE = (Parameters(rounds=80, learning_rate=0.05, leaves=6, min_leaf_rows=20, l2=10.0), 30.0)
FOLDS = 4
HALF_LIFE = 2.0  # horizons, of what the latest wins say of the level of sizes and of the share that pays
TOTAL = 0.75  # power of the size by which deals weigh in the total's factor
TAIL = 0.02  # share of deals that may rule a mean
USUAL_TAIL = 0.3  # how much such deals usually add to a mean, in logarithms
USUAL_SHIFT = 0.1  # how far a level of sizes usually lies from its estimate on old wins, in logarithms


@dataclass(frozen=True)
class Wins:
    """m past wins: features when they were still open, amounts, leads (a lead's rows share a weight of one),
    how many horizons ago they closed.
    """

    values: Floats
    amount: Floats
    lead: Ints
    age: Floats

    @property
    def weight(self) -> Floats:
        _, index, count = np.unique(self.lead, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[index], dtype=np.float64)

    @property
    def recency(self) -> Floats:
        """The weight, halved with each HALF_LIFE of age."""
        return np.asarray(self.weight * 0.5 ** (self.age / HALF_LIFE), dtype=np.float64)

    @property
    def paying(self) -> int:
        """How many leads brought money."""
        return len(np.unique(self.lead[self.amount > 0]))

    def take(self, rows: npt.NDArray[np.generic]) -> "Wins":
        return Wins(self.values[rows], self.amount[rows], self.lead[rows], self.age[rows])


def fit_amount(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel | None:
    """The amount model; None where no win has a known amount.

    The size model is kept only where it tells later amounts apart better than their mean does. Its total is then set
    right on wins that it was not fitted on, and by how far the latest ones lie off, as far as that is no chance.
    """
    known = wins.take(np.flatnonzero(~np.isnan(wins.amount)))
    if not len(known.amount):
        return None
    constant = _constant(known)
    if known.paying < MIN_WINS:
        return constant
    later = _later(known, features, seed)
    if later is None or not _useful(later, known):
        return constant
    apart = _apart(known, features, seed)
    if apart is None or not (known.amount[apart.rows] > 0).any():
        return constant  # the deals that pay are so few, or so bunched, that none could be held out
    return _with_residuals(_fit(known, features, seed), later, apart, known)


def _constant(wins: Wins) -> AmountModel:
    positive = wins.amount > 0
    rate = float(np.average(positive, weights=wins.recency))
    if not positive.any():
        return AmountModel(None, 0.0, None, 0.0, 1.0, LEVELS, np.zeros(len(LEVELS)), False)
    paid, logs = wins.take(np.flatnonzero(positive)), np.log(wins.amount[positive])
    level = float(np.average(logs, weights=paid.weight))
    factor = tamed_mean(np.exp(logs - level), paid.weight, paid.lead)
    residuals = weighted_quantiles(logs - level, paid.weight)
    level += latest_shift(logs - level, paid)
    return AmountModel(None, level, None, rate, factor, LEVELS, residuals, False)


def _fit(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel:
    """Size and zero-or-not models on all given wins; factor and residuals are yet to be learned from other wins."""
    weight = wins.weight
    positive = wins.amount > 0
    rate = float(np.average(positive, weights=wins.recency))
    logs = np.log(wins.amount[positive])
    size = fit_regression(wins.values[positive], features, logs, weight[positive], SIZE, seed)
    pays = None
    if min(rate, 1 - rate) >= MIN_ZERO_SHARE and (1 - rate) * len(np.unique(wins.lead)) >= 10:
        gentle = Parameters(rounds=40, linear_c=0.01, min_leaf_rows=30)
        pays = fit_conversion(wins.values, features, positive.astype(np.float64), weight, gentle, seed)
    return AmountModel(size, 0.0, pays, rate, 1.0, LEVELS, np.zeros(len(LEVELS)), True)


@dataclass(frozen=True)
class _Judged:
    """Predictions for wins that the fit did not see: row positions, log size, chance that a deal pays."""

    rows: Ints
    log_size: Floats
    pays: Floats

    @property
    def expected(self) -> Floats:
        """The amount to expect, but for one factor of all."""
        return np.asarray(self.pays * np.exp(self.log_size), dtype=np.float64)


def _later(wins: Wins, features: Sequence[Feature], seed: int) -> _Judged | None:
    """Replays by closing time: the latest three quarters of wins, a quarter at a time, each judged by a fit
    on earlier ones.
    """
    at = -wins.age
    edges = np.quantile(at, np.linspace(0, 1, FOLDS + 1))
    parts = [(at <= edges[k], (at > edges[k]) & (at <= edges[k + 1])) for k in range(1, FOLDS)]
    return _judged(wins, features, seed, parts)


def _apart(wins: Wins, features: Sequence[Feature], seed: int) -> _Judged | None:
    """Every win judged by a fit on three quarters of the other leads, nearly what the final one reads."""
    fold = fold_of(wins.lead, FOLDS, seed)
    return _judged(wins, features, seed, [(fold != k, fold == k) for k in range(FOLDS)])


def _judged(
    wins: Wins, features: Sequence[Feature], seed: int, parts: Sequence[tuple[Mask, Mask]]
) -> _Judged | None:
    """Predictions of each part's second rows from a fit on its first, without the leads to be judged."""
    rows, sizes, pays = [], [], []
    for known, asked in parts:
        judge = np.flatnonzero(asked)
        part = wins.take(np.flatnonzero(known & ~np.isin(wins.lead, wins.lead[judge])))
        if part.paying < MIN_WINS // 2 or not len(judge):
            continue
        model = _fit(part, features, seed)
        assert model.size is not None
        rows.append(judge)
        sizes.append(model.size.margin(wins.values[judge]))
        pays.append(model.paying(wins.values[judge]))
    if not rows:
        return None
    return _Judged(np.concatenate(rows), np.concatenate(sizes), np.concatenate(pays))


def _useful(judged: _Judged, wins: Wins) -> bool:
    """Whether size(x) explained any of the spread of later amounts: a positive correlation that chance rarely gives."""
    amount = wins.amount[judged.rows]
    w = wins.weight[judged.rows]
    rank, worth = (np.asarray(rankdata(v), dtype=np.float64) for v in (judged.expected, amount))
    rank -= np.average(rank, weights=w)
    worth -= np.average(worth, weights=w)
    spread = float(np.sqrt(np.sum(w * rank**2) * np.sum(w * worth**2)))
    correlation = float(np.sum(w * rank * worth)) / spread if spread > 0 else 0.0
    return bool(correlation > 2.0 / np.sqrt(max(w.sum(), 1.0)))


def _with_residuals(model: AmountModel, later: _Judged, apart: _Judged, wins: Wins) -> AmountModel:
    """The model with the factor that sets totals right, and with the spread of later residuals.

    The factor is the mean ratio of amount to predictions size, a deal's weight growing with its size: equal weights
    (Duan 1983) are sure of little deals and overrate totals by the size's own error, weights by size are right in total
    and ruled by the greatest deals.
    """
    residual, paid = _residuals(apart, wins)
    size = np.exp(np.log(paid.amount) - residual)
    factor = tamed_mean(np.exp(np.clip(residual, -20, 20)), paid.weight * size**TOTAL, paid.lead)
    residual, paid = _residuals(later, wins)
    shift = latest_shift(residual, paid)
    return replace(
        model,
        factor=factor * float(np.exp(shift)),
        residuals=weighted_quantiles(residual, paid.weight) + shift,
    )


def _residuals(judged: _Judged, wins: Wins) -> tuple[Floats, Wins]:
    """Logarithms of amount over predicted size of the judged deals that paid, and these deals."""
    seen = wins.take(judged.rows)
    positive = np.flatnonzero(seen.amount > 0)
    return np.log(seen.amount[positive]) - judged.log_size[positive], seen.take(positive)


def latest_shift(residual: Floats, wins: Wins) -> float:
    """How far the latest residuals (m,) lie from all of them: the difference of their means, shrunk by its chance
    spread.
    """
    weight, recency = wins.weight, wins.recency
    centre = float(np.average(residual, weights=weight))
    spread = float(np.average((residual - centre) ** 2, weights=weight))
    gap = float(np.average(residual, weights=recency)) - centre
    return _shrunk(gap, spread * _concentration(recency, wins.lead))


def _shrunk(value: float, variance: float) -> float:
    """The posterior mean of a shift whose estimate is `value`, under a normal prior of deviation USUAL_SHIFT."""
    return value * USUAL_SHIFT**2 / (USUAL_SHIFT**2 + variance)


def tamed_mean(values: Floats, weight: Floats, lead: Ints) -> float:
    """The mean of values (m,) at least 0, its rarest part believed as far as it is surer than chance.

    The mean with the highest TAIL of values, at least one lead's, counted as the next lower one is sure; the ratio to
    the plain mean is shrunk by that mean's chance spread. One deal a thousand times the usual tells little of the next
    year's mean, while forty among a thousand do.
    """
    if not values.any():
        return 0.0
    order = np.argsort(-values, kind="stable")
    x, w = values[order], weight[order] / weight.sum()
    share = max(TAIL, 1.0 / len(np.unique(lead)))
    bound = x[min(int(np.searchsorted(np.cumsum(w), share + 1e-9)), len(x) - 1)]
    mean, sure = float(np.sum(w * x)), float(np.sum(w * np.minimum(x, bound)))
    variance = float(np.sum(w * (x - mean) ** 2)) * _concentration(weight, lead) / mean**2
    return (
        sure * float(np.exp(np.log(mean / sure) * USUAL_TAIL**2 / (USUAL_TAIL**2 + variance)))
        if sure
        else mean
    )


def _concentration(weight: Floats, lead: Ints) -> float:
    """One over the number of equal leads whose mean would vary as much."""
    _, index = np.unique(lead, return_inverse=True)
    return float(np.sum(np.bincount(index, weight) ** 2) / weight.sum() ** 2)


def weighted_quantiles(values: Floats, weight: Floats) -> Floats:
    """Quantiles at LEVELS, non-decreasing; the ends are the smallest and the largest value."""
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    places = (mass - 0.5 * weight[order]) / mass[-1]
    return np.asarray(np.interp(LEVELS, places, values[order]), dtype=np.float64)
