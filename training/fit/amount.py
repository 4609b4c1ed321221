"""Fits E[amount | won] on past wins; its factor and residuals come from wins that the fit did not see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from features.catalogue import Feature
from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from models.figures.amount import AmountModel
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings, WeightedRows, fit_conversion, fit_regression
from training.fit.quantiles import LEVELS, weighted_quantiles
from training.rows.bins import BinnedRows
from training.rows.splits import fold_of
from training.rows.training_set import TrainingSet
from training.rows.weights import concentration, weight_per_lead

MIN_WINS = 40  # paying leads; with fewer, every lead gets the shrunk mean
MIN_ZERO_SHARE = 0.02  # share of free deals from which paying at all gets a model of its own
MIN_FREE_LEADS = 10  # leads with a free deal that this model needs
SIZE_PARAMETERS = Parameters(rounds=24, learning_rate=0.16, leaves=6, min_leaf_rows=20, l2=10.0)
SIZE_RIDGE_ALPHA = 30.0
PAYING_PARAMETERS = Parameters(rounds=40, min_leaf_rows=30)
FOLDS = 4
HALF_LIFE = 2.0  # horizons; a win's weight in the current level of sizes, and in the share that pays, halves
# One deal of 180,000 among 160 had tripled every lead's amount, and on simulated worlds the plain ratio of totals was
# off by -23 to +28 % (docs/decisions/0021): the four constants below bound what a few great deals may do.
SIZE_POWER = 0.75  # power of the size by which a deal counts in the factor of the total
TAIL = 0.02  # share of deals that count as the tail of a mean
USUAL_TAIL = 0.3  # log of what such a tail usually adds to a mean (prior standard deviation)
USUAL_SHIFT = 0.1  # log distance of the current level from that of old wins (prior standard deviation)


@dataclass(frozen=True)
class Wins:
    """m past wins.

    values (m, k): features while they were still open. amount (m,): NaN if unknown. lead (m,): the rows of a lead share
    a weight of one. age (m,): horizons since they closed. binned: the rows in bins, if these are known.
    """

    values: Floats
    amount: Floats
    lead: Ints
    age: Floats
    binned: BinnedRows | None = None

    @property
    def weight(self) -> Floats:
        """Weights (m,) that sum to 1 for each lead."""
        return weight_per_lead(self.lead)

    @property
    def recent_weight(self) -> Floats:
        """`weight`, halved with each HALF_LIFE of age."""
        return np.asarray(self.weight * 0.5 ** (self.age / HALF_LIFE), dtype=np.float64)

    @property
    def paying_leads(self) -> int:
        """Number of leads whose deal brought money."""
        return len(np.unique(self.lead[self.amount > 0]))

    def take(self, index: Mask | Ints) -> "Wins":
        """The wins at `index`."""
        binned = None if self.binned is None else self.binned.take(index)
        return Wins(self.values[index], self.amount[index], self.lead[index], self.age[index], binned)


def past_wins(training_set: TrainingSet, index: Ints, at_us: int) -> Wins:
    """The wins among the matured rows at `index`, with their ages at at_us."""
    labels, snapshot = training_set.rows.labels, training_set.rows.snapshot
    won = index[labels.won[index]]
    closed_us = snapshot.as_of_us[won] + (labels.days[won] * DAY_US).astype(np.int64)
    age = (at_us - closed_us) / training_set.horizon_us
    binned = training_set.binned.take(won)
    return Wins(training_set.values[won], labels.amount[won], snapshot.lead[won], age, binned)


def fit_amount(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel | None:
    """The amount model; None if no win has a known amount.

    A model of the size replaces the mean only if it ranks later amounts better than chance. Its total is then corrected
    on wins that it was not fitted on, and by the distance of the latest ones as far as that exceeds chance.
    """
    known = wins.take(np.flatnonzero(~np.isnan(wins.amount)))
    if not len(known.amount):
        return None
    mean = _mean_model(known)
    if known.paying_leads < MIN_WINS:
        return mean
    later = _predict_later(known, features, seed)
    if later is None or not _ranks_amounts(later, known):
        return mean
    held_out = _predict_held_out(known, features, seed)
    if held_out is None or not (known.amount[held_out.rows] > 0).any():
        return mean  # too few paying deals, or too close together, for any to be held out
    return _with_residuals(_fit_size(known, features, seed), later, held_out, known)


def _mean_model(wins: Wins) -> AmountModel:
    """The same amount for every lead: a shrunk mean at the current level."""
    pays = wins.amount > 0
    rate = float(np.average(pays, weights=wins.recent_weight))
    if not pays.any():
        return AmountModel(None, 0.0, None, 0.0, 1.0, LEVELS, np.zeros(len(LEVELS)), False)
    paid, log_amount = wins.take(np.flatnonzero(pays)), np.log(wins.amount[pays])
    level = float(np.average(log_amount, weights=paid.weight))
    residual = log_amount - level
    factor = shrunk_mean(np.exp(residual), paid.weight, paid.lead)
    quantiles = weighted_quantiles(residual, paid.weight)
    level += latest_shift(residual, paid)
    return AmountModel(None, level, None, rate, factor, LEVELS, quantiles, False)


def _fit_size(wins: Wins, features: Sequence[Feature], seed: int) -> AmountModel:
    """Models of the log size and of paying at all; factor and residuals are placeholders for other wins to set."""
    weight, pays = wins.weight, wins.amount > 0
    rate = float(np.average(pays, weights=wins.recent_weight))
    payers = wins.take(pays)
    paid = WeightedRows(payers.values, features, np.log(payers.amount), weight[pays], payers.binned)
    size = fit_regression(paid, FitSettings(SIZE_PARAMETERS, seed), SIZE_RIDGE_ALPHA)

    paying = None
    free_leads = (1 - rate) * len(np.unique(wins.lead))
    if min(rate, 1 - rate) >= MIN_ZERO_SHARE and free_leads >= MIN_FREE_LEADS:
        target = pays.astype(np.float64)
        rows = WeightedRows(wins.values, features, target, weight, wins.binned, wins.lead)
        paying = fit_conversion(rows, FitSettings(PAYING_PARAMETERS, seed))
    return AmountModel(size, 0.0, paying, rate, 1.0, LEVELS, np.zeros(len(LEVELS)), True)


# ---- predictions of wins that a fit did not see


@dataclass(frozen=True)
class _SizePredictions:
    """Predictions of wins by fits that did not see them: their positions, log size, probability of paying, all (p,)."""

    rows: Ints
    log_size: Floats
    paying: Floats

    @property
    def relative_amount(self) -> Floats:
        """Expected amount (p,), up to a common factor."""
        return np.asarray(self.paying * np.exp(self.log_size), dtype=np.float64)


@dataclass(frozen=True)
class _Fold:
    """Masks (m,) over wins: those to fit on and those to predict."""

    fit: Mask
    predict: Mask


def _predict_later(wins: Wins, features: Sequence[Feature], seed: int) -> _SizePredictions | None:
    """The latest three quarters of wins, one quarter at a time, each predicted by a fit on earlier ones."""
    closed = -wins.age
    edges = np.quantile(closed, np.linspace(0, 1, FOLDS + 1))
    folds = []
    for k in range(1, FOLDS):
        in_quarter = (closed > edges[k]) & (closed <= edges[k + 1])
        folds.append(_Fold(fit=closed <= edges[k], predict=in_quarter))
    return _predict_folds(wins, features, seed, folds)


def _predict_held_out(wins: Wins, features: Sequence[Feature], seed: int) -> _SizePredictions | None:
    """Every win, predicted by a fit on three quarters of the other leads: nearly as many as the final fit has."""
    fold = fold_of(wins.lead, FOLDS, seed)
    folds = [_Fold(fit=fold != k, predict=fold == k) for k in range(FOLDS)]
    return _predict_folds(wins, features, seed, folds)


def _predict_folds(
    wins: Wins, features: Sequence[Feature], seed: int, folds: Sequence[_Fold]
) -> _SizePredictions | None:
    """Predictions of all folds that can be fitted, without the leads to predict; None if no fold can."""
    rows, log_size, paying = [], [], []
    for fold in folds:
        predicted = np.flatnonzero(fold.predict)
        other_leads = ~np.isin(wins.lead, wins.lead[predicted])
        fitted = wins.take(np.flatnonzero(fold.fit & other_leads))
        if fitted.paying_leads < MIN_WINS // 2 or not len(predicted):
            continue
        model = _fit_size(fitted, features, seed)
        assert model.size is not None
        rows.append(predicted)
        log_size.append(model.size.margin(wins.values[predicted]))
        paying.append(model.paying(wins.values[predicted]))
    if not rows:
        return None
    return _SizePredictions(np.concatenate(rows), np.concatenate(log_size), np.concatenate(paying))


def _ranks_amounts(predictions: _SizePredictions, wins: Wins) -> bool:
    """True if the rank correlation with the amounts exceeds two standard errors of chance (Spearman, weighted)."""
    weight = wins.weight[predictions.rows]
    expected = _centred_ranks(predictions.relative_amount, weight)
    actual = _centred_ranks(wins.amount[predictions.rows], weight)
    scale = float(np.sqrt(np.sum(weight * expected**2) * np.sum(weight * actual**2)))
    correlation = float(np.sum(weight * expected * actual)) / scale if scale > 0 else 0.0
    return bool(correlation > 2.0 / np.sqrt(max(weight.sum(), 1.0)))


def _centred_ranks(values: Floats, weight: Floats) -> Floats:
    """Ranks of values (p,), the mean of their places for equal ones, less their mean under weight (p,)."""
    ranks = np.asarray(rankdata(values), dtype=np.float64)
    ranks -= np.average(ranks, weights=weight)
    return ranks


# ---- the level and spread of amounts


def _with_residuals(
    model: AmountModel, later: _SizePredictions, held_out: _SizePredictions, wins: Wins
) -> AmountModel:
    """The model with the factor that corrects totals, and with the residuals of later wins.

    The factor is the mean ratio of amount to predicted size, weighted by size to the SIZE_POWER. Equal weights (Duan
    1983) are certain of small deals and overrate totals by the size's own error; weights by size are right in total
    and ruled by the largest deals.
    """
    log_ratio, paid = _residuals(held_out, wins)
    size = np.exp(np.log(paid.amount) - log_ratio)
    ratio = np.exp(np.clip(log_ratio, -20, 20))
    factor = shrunk_mean(ratio, paid.weight * size**SIZE_POWER, paid.lead)

    later_log_ratio, later_paid = _residuals(later, wins)
    shift = latest_shift(later_log_ratio, later_paid)
    quantiles = weighted_quantiles(later_log_ratio, later_paid.weight)
    return replace(model, factor=factor * float(np.exp(shift)), residuals=quantiles + shift)


class _Residuals(NamedTuple):
    """log(amount / predicted size) (p,) of paying wins, and these wins."""

    log_ratio: Floats
    paid: Wins


def _residuals(predictions: _SizePredictions, wins: Wins) -> _Residuals:
    """The residuals of the predicted wins that brought money."""
    predicted = wins.take(predictions.rows)
    pays = np.flatnonzero(predicted.amount > 0)
    log_ratio = np.log(predicted.amount[pays]) - predictions.log_size[pays]
    return _Residuals(log_ratio, predicted.take(pays))


def latest_shift(residual: Floats, wins: Wins) -> float:
    """Distance of the latest residuals (m,) from all of them, shrunk by its standard error.

    The posterior mean under a normal prior of standard deviation USUAL_SHIFT.
    """
    weight, recent_weight = wins.weight, wins.recent_weight
    centre = float(np.average(residual, weights=weight))
    variance = float(np.average((residual - centre) ** 2, weights=weight))
    shift = float(np.average(residual, weights=recent_weight)) - centre
    error = variance * concentration(recent_weight, wins.lead)
    return shift * USUAL_SHIFT**2 / (USUAL_SHIFT**2 + error)


def shrunk_mean(values: Floats, weight: Floats, lead: Ints) -> float:
    """The mean of values (m,) at least 0, with the contribution of its tail shrunk by its standard error.

    The tail is the highest TAIL of the weight, at least one lead's. The mean with the tail cut to the next lower value
    is certain; the log ratio of the plain mean to it has a normal prior of standard deviation USUAL_TAIL. One deal a
    thousand times the usual is weak evidence about next year's mean; forty among a thousand are strong.
    """
    if not values.any():
        return 0.0
    order = np.argsort(-values, kind="stable")
    falling, share = values[order], weight[order] / weight.sum()
    tail = max(TAIL, 1.0 / len(np.unique(lead)))
    bound = falling[min(int(np.searchsorted(np.cumsum(share), tail + 1e-9)), len(falling) - 1)]
    mean, bounded_mean = float(np.sum(share * falling)), float(np.sum(share * np.minimum(falling, bound)))
    if not bounded_mean:
        return mean
    variance = float(np.sum(share * (falling - mean) ** 2)) * concentration(weight, lead) / mean**2
    log_tail = np.log(mean / bounded_mean) * USUAL_TAIL**2 / (USUAL_TAIL**2 + variance)
    return bounded_mean * float(np.exp(log_tail))
