"""Calibration: the slope and level of the margin, and the standard error of the log-odds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Floats, Ints
from models.calibration import Calibration, intercept_for, line
from models.intervals import LogOddsError
from models.kernel import sigmoid
from models.parameters import Parameters
from training.fit.additive import FitSettings, WeightedRows, fit_conversion
from training.rows.dataset import GRID
from training.rows.predictions import OutOfFold
from training.rows.splits import fold_of
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


def fit_calibration(held_out: OutOfFold | None, training_set: TrainingSet, margin: Floats) -> Calibration:
    """A straight line from margins to log-odds: slope from held-out rows, level from the latest matured rows.

    margin (n,): of all training rows by the final model. The slope is fitted with a free level for each split: a level
    of old splits would carry an old win rate forward. The level makes the probabilities of the grid rows sum to their
    wins under `level_weight`.
    """
    slope = fit_slope(held_out, training_set.won[held_out.rows]) if held_out else UNPROVEN_SLOPE
    return calibrated(slope, training_set, margin)


def calibrated(slope: float, training_set: TrainingSet, margin: Floats) -> Calibration:
    """The line of a slope whose level is that of `fit_calibration`."""
    weight = level_weight(training_set)
    centre = float(np.average(margin, weights=weight))
    sloped = slope * (margin - centre) + centre
    wins = float(np.average(training_set.won, weights=weight)) * len(margin)
    level = intercept_for(sloped, wins, weight * (len(margin) / weight.sum()))
    return line(slope, centre * (1 - slope) + level)


def level_weight(training_set: TrainingSet) -> Floats:
    """Weights (n,) of the rows that set the level: grid rows, halving with each LEVEL_HALF_LIFE of age.

    With fewer than MIN_LEVEL_WINS weighted wins, as under a horizon of days, the half-life doubles until they suffice
    or all rows count: a single date without a win would set the level to nought.
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
            term = _slope_term(slope, predictions.margin[in_split], won[in_split])
            gradient += term.gradient
            curvature += term.curvature
        step = gradient / curvature
        slope = float(np.clip(slope - step, *SLOPE_RANGE))
        if abs(step) < NEWTON_TOLERANCE:
            break
    return slope


@dataclass(frozen=True)
class _SlopeTerm:
    """One split's part of the derivatives of the negative log-likelihood by the slope."""

    gradient: float
    curvature: float


def _slope_term(slope: float, margin: Floats, won: Floats) -> _SlopeTerm:
    """Derivatives with the split's own level profiled out; 0 for a split of a single outcome."""
    if not 0 < won.sum() < len(won):
        return _SlopeTerm(0.0, 0.0)
    probability = sigmoid(slope * margin + intercept_for(slope * margin, float(won.sum())))
    variance = probability * (1 - probability)
    centred = margin - np.average(margin, weights=variance)
    # A lead is predicted at several instants of a split, so its rows are not independent: large splits count for less.
    share = 1.0 / max(1.0, float(np.sqrt(len(won) / 1000)))
    return _SlopeTerm(
        gradient=share * float(np.sum(centred * (probability - won))),
        curvature=share * float(np.sum(variance * centred**2)),
    )


def fit_log_odds_error(
    training_set: TrainingSet, weight: Floats, calibration: Calibration, settings: FitSettings
) -> LogOddsError:
    """Standard error of the calibrated log-odds, by log-odds, from two fits on half of the leads each.

    weight (n,): of the training rows. Two halves differ by twice the variance of one half, and a half has twice the
    variance of the whole: the whole's variance is a quarter of the mean squared difference. The variance of the level,
    about one over the leads won, is added.
    """
    lead, won = training_set.rows.snapshot.lead, training_set.won
    first_half = fold_of(lead, 2, settings.seed) == 0
    leads_won = max(float(len(np.unique(lead[won > 0]))), 1.0)
    halves = (first_half, ~first_half)
    if not all(_has_both_outcomes(won[half]) for half in halves):
        return LogOddsError(np.array([0.0, 1.0]), np.full(2, 2.0 / np.sqrt(leads_won) + 0.5))

    half_settings = _for_half_the_rows(settings)
    logits = []
    for k, half in enumerate(halves):
        binned = training_set.binned.take(np.flatnonzero(half))
        rows = WeightedRows(training_set.values[half], training_set.features, won[half], weight[half], binned)
        model = fit_conversion(rows, replace(half_settings, seed=settings.seed + k))
        logits.append(calibration.logit(model.margin(training_set.values)))
    mean, squared_difference = (logits[0] + logits[1]) / 2, (logits[0] - logits[1]) ** 2
    return _by_logit(mean, squared_difference / 4 + 1.0 / leads_won)


def _has_both_outcomes(won: Floats) -> bool:
    return bool(0 < won.sum() < len(won))


def _for_half_the_rows(settings: FitSettings) -> FitSettings:
    """Settings that regularise half the rows as much as the originals do all rows."""

    def halved(parameters: Parameters) -> Parameters:
        fewest = max(parameters.min_leaf_rows // 2, 5)
        return replace(parameters, linear_c=parameters.linear_c * 2, min_leaf_rows=fewest)

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
