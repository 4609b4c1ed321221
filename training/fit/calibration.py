"""Calibration: the slope and level of the margin, and the standard error of the log-odds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from models.figures.additive import AdditiveModel
from models.figures.calibration import Calibration, intercept_for, line
from models.figures.intervals import LogOddsError
from models.figures.kernel import sigmoid
from models.figures.parameters import Parameters
from training.fit.additive import FitSettings
from training.rows.dataset import GRID
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet
from training.rows.weights import recency_weight

PRIOR_WINS = 20.0  # strength of the prior that the slope is 1, in evaluated wins
UNPROVEN_SLOPE = 0.5  # if no row could be held out
SLOPE_RANGE = (0.05, 3.0)
NEWTON_STEPS, NEWTON_TOLERANCE = 30, 1e-8
# The level errs least over five real sets if its weight halves with each half horizon of age (docs/decisions/0011).
LEVEL_HALF_LIFE = 0.5  # horizons
MIN_LEVEL_WINS = 10.0  # weighted won rows that the level needs
SPREAD_BINS = 12
# Two fits on half of the leads share their shrinkage and miss the same things: truths of simulated worlds lay this
# much further out (docs/decisions/0017).
INFLATION = 1.6
MIN_DEVIATION = 0.05  # log-odds


@dataclass(frozen=True)
class HalfFits:
    """Two fits on the matured rows of half of the leads each.

    half (n,): 0 or 1, the half of each training row's lead. margin (2, n): of all training rows by each fit. on_grid
    (n,): whether a row is one of the grid's.
    """

    half: Ints
    models: Sequence[AdditiveModel]
    margin: Floats
    on_grid: Mask

    @property
    def held_out(self) -> OutOfFold:
        """Predictions of the grid's rows, each by the fit that has not read its lead."""
        parts = [np.flatnonzero(self.on_grid & (self.half != k)) for k in (0, 1)]
        return OutOfFold(
            rows=np.concatenate(parts),
            split=np.repeat([0, 1], [len(part) for part in parts]).astype(np.int64),
            margin=np.concatenate([self.margin[k][part] for k, part in enumerate(parts)]),
        )

    @property
    def widening(self) -> float:
        """The slope of fits on three quarters of the leads over that of the halves.

        Noise of a fit widens its margins and so flattens their slope. The halves differ by twice the noise of one, and
        fits on half as many leads more have a third less of it (docs/decisions/0074).
        """
        one, other = (margin[self.on_grid] for margin in self.margin)
        variance = (one.var() + other.var()) / 2
        noise = float(np.var(one - other)) / 2
        return float(variance / (variance - noise / 3)) if variance > noise / 3 else 1.0

    def mean_margin(self, values: Floats) -> Floats:
        """The mean (m,) of both fits' margins of feature values (m, k)."""
        one, other = (model.margin(values) for model in self.models)
        return (one + other) / 2


def slope_of_halves(halves: HalfFits | None, training_set: TrainingSet) -> float:
    """The slope that calibrates a fit of all leads; UNPROVEN_SLOPE if no lead could be held out.

    Fitted with a free level for each half.
    """
    if halves is None:
        return UNPROVEN_SLOPE
    held_out = halves.held_out
    slope = halves.widening * fit_slope(held_out, training_set.won[held_out.rows])
    return float(np.clip(slope, *SLOPE_RANGE))


def calibrated(slope: float, training_set: TrainingSet, margin: Floats) -> Calibration:
    """A straight line from margins to log-odds, of this slope; margin (n,): of all training rows by the final model.

    Its level comes from the latest matured rows: it makes the probabilities of the grid rows sum to their wins under
    `level_weight`.
    """
    weight = level_weight(training_set)
    centre = float(np.average(margin, weights=weight))
    sloped = slope * (margin - centre) + centre
    wins = float(np.average(training_set.won, weights=weight)) * len(margin)
    level = intercept_for(sloped, wins, weight * (len(margin) / weight.sum()))
    return line(slope, centre * (1 - slope) + level)


def level_weight(training_set: TrainingSet) -> Floats:
    """Weights (n,) of the rows that set the level: grid rows, halving with each LEVEL_HALF_LIFE of age.

    With fewer than MIN_LEVEL_WINS weighted wins, as under a horizon of days, the half-life doubles until they suffice
    or all rows count: a single date without a win would set the level to zero.
    """
    rows, half_life = training_set.rows, LEVEL_HALF_LIFE
    age_us = training_set.as_of_us - training_set.horizon_us - rows.snapshot.as_of_us
    while True:
        weight = recency_weight(age_us, training_set.horizon_us, half_life) * (rows.origin == GRID)
        enough_wins = float(weight @ training_set.won) >= MIN_LEVEL_WINS
        if enough_wins or half_life * training_set.horizon_us > age_us.max():
            return np.asarray(weight)
        half_life *= 2


def fit_slope(predictions: OutOfFold, won: Floats) -> float:
    """The slope of log-odds over margins, with one level a split, shrunk to 1 by PRIOR_WINS; within SLOPE_RANGE.

    won (n,): 1 or 0 for each predicted row. Newton's method on the penalised log-likelihood.
    """
    slope = 1.0
    splits = [predictions.split == k for k in np.unique(predictions.split)]
    for _ in range(NEWTON_STEPS):
        gradient = PRIOR_WINS * (slope - 1.0)
        curvature = PRIOR_WINS
        for in_split in splits:
            term = slope_term(slope, predictions.margin[in_split], won[in_split])
            # A lead is predicted at several instants of a split, so its rows are not independent: large splits count
            # for less.
            share = 1.0 / max(1.0, float(np.sqrt(len(term.score) / 1000)))
            gradient -= share * float(term.score.sum())
            curvature += share * term.curvature
        step = gradient / curvature
        slope = float(np.clip(slope - step, *SLOPE_RANGE))
        if abs(step) < NEWTON_TOLERANCE:
            break
    return slope


class SlopeTerm(NamedTuple):
    """One split's part of the derivatives of the log-likelihood by the slope.

    score (n,): first derivative of each row. curvature: second derivative of all rows, with the sign reversed.
    """

    score: Floats
    curvature: float


def slope_term(slope: float, margin: Floats, won: Floats) -> SlopeTerm:
    """Derivatives for margins (n,) and outcomes won (n,) of one split, whose own level is profiled out.

    Both are 0 for a split of a single outcome.
    """
    if not 0 < won.sum() < len(won):
        return SlopeTerm(np.zeros(len(won)), 0.0)
    probability = sigmoid(slope * margin + intercept_for(slope * margin, float(won.sum())))
    variance = probability * (1 - probability)
    centred = margin - np.average(margin, weights=variance)
    return SlopeTerm(centred * (won - probability), float(np.sum(variance * centred**2)))


def log_odds_error(
    training_set: TrainingSet, halves: HalfFits | None, calibration: Calibration
) -> LogOddsError:
    """Standard error of the calibrated log-odds, by log-odds, from two fits on half of the leads each.

    Two halves differ by twice the variance of one half, and a half has twice the variance of the whole: the whole's
    variance is a quarter of the mean squared difference. The variance of the level, about one over the leads won, is
    added.
    """
    leads_won = max(float(training_set.rows.leads_won), 1.0)
    if halves is None:
        return LogOddsError(np.array([0.0, 1.0]), np.full(2, 2.0 / np.sqrt(leads_won) + 0.5))
    one, other = (calibration.logit(margin) for margin in halves.margin)
    return _by_logit((one + other) / 2, (one - other) ** 2 / 4 + 1.0 / leads_won)


def for_half_the_rows(settings: FitSettings) -> FitSettings:
    """Settings that regularise half the rows as much as the originals do all rows."""

    def halved(parameters: Parameters) -> Parameters:
        fewest = max(parameters.min_leaf_rows // 2, 5)
        return replace(parameters, min_leaf_rows=fewest)

    members = tuple(member._replace(parameters=halved(member.parameters)) for member in settings.members)
    return replace(settings, parameters=halved(settings.parameters), members=members)


def _by_logit(logit: Floats, variance: Floats) -> LogOddsError:
    """Root mean variance (n,) in SPREAD_BINS groups of equal size by log-odds (n,)."""
    order = np.argsort(logit, kind="stable")
    groups: Sequence[Ints] = [group for group in np.array_split(order, SPREAD_BINS) if len(group)]
    places = np.array([logit[group].mean() for group in groups])
    deviations = INFLATION * np.sqrt(np.array([variance[group].mean() for group in groups]))
    # Equal places would make the interpolation ambiguous: a step far below any effect keeps them apart.
    return LogOddsError(places + 1e-9 * np.arange(len(places)), np.maximum(deviations, MIN_DEVIATION))
