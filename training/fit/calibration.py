"""Sets the slope of the margin on rows the fit had not seen, and learns how far two equally good fits disagree."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from history.arrays import Floats
from models.calibration import Calibration, Spread, intercept_for, line, sigmoid
from models.parameters import Parameters
from training.fit.additive import fit_conversion
from training.rows.dataset import GRID
from training.rows.predictions import OutOfFold
from training.rows.splits import fold_of
from training.rows.training_set import TrainingSet
from training.rows.weights import recency_weight

PRIOR_WINS = 20.0  # judged wins that say the slope is 1
UNPROVEN_SLOPE = 0.5  # where no row could be judged
LEVEL_HORIZONS = 0.5
LEVEL_WINS = 10.0  # weighted won rows that tell a level
BINS = 12
INFLATION = 1.6  # halves share what all such fits get wrong: simulated truths lie this much further out
LEAST_DEVIATION = 0.05


def fit_calibration(predictions: OutOfFold | None, training_set: TrainingSet, margin: Floats) -> Calibration:
    """A straight map of margins: its slope from rows no fit had seen, its level from the latest rows known to the end.

    margin (n,): the final model's own margins of all rows. The slope is fitted with a free level for each
    split: a level of old splits would carry an old win rate forward. The level then makes the probabilities
    of the grid rows sum to their wins, under level_weight.
    """
    slope = fit_slope(predictions, training_set.won[predictions.rows]) if predictions else UNPROVEN_SLOPE
    weight = level_weight(training_set)
    centre = float(np.average(margin, weights=weight))
    turned = slope * (margin - centre) + centre
    wins = float(np.average(training_set.won, weights=weight)) * len(margin)
    level = intercept_for(turned, wins, weight * (len(margin) / weight.sum()))
    return line(slope, centre * (1 - slope) + level)


def level_weight(training_set: TrainingSet) -> Floats:
    """Weights (n,) of the grid rows that set the level, halving with each LEVEL_HORIZONS of age.

    Where that leaves fewer than LEVEL_WINS, as a horizon of days does, it takes twice, four times ... as long: one date
    without a win would say that nobody is ever won.
    """
    rows, halves = training_set.rows, LEVEL_HORIZONS
    age = rows.snapshot.history.as_of_us - training_set.horizon_us - rows.snapshot.as_of_us
    while True:
        weight = recency_weight(age, training_set.horizon_us, halves) * (rows.origin == GRID)
        if float(weight @ training_set.won) >= LEVEL_WINS or halves * training_set.horizon_us > age.max():
            return np.asarray(weight)
        halves *= 2


def fit_slope(predictions: OutOfFold, won: Floats) -> float:
    """The slope of log-odds over margins by Newton's method, one level a split, shrunk to 1."""
    slope = 1.0
    for _ in range(30):
        gradient = PRIOR_WINS * (slope - 1.0)
        curve = PRIOR_WINS
        for k in np.unique(predictions.split):
            part = predictions.split == k
            x, y = predictions.margin[part], won[part]
            if not 0 < y.sum() < len(y):
                continue
            p = sigmoid(slope * x + intercept_for(slope * x, float(y.sum())))
            v = p * (1 - p)
            centred = x - np.average(x, weights=v)
            share = 1.0 / _repeats(part)
            gradient += share * float(np.sum(centred * (p - y)))
            curve += share * float(np.sum(v * centred**2))
        step = gradient / curve
        slope = float(np.clip(slope - step, 0.05, 3.0))
        if abs(step) < 1e-8:
            break
    return slope


def _repeats(part: npt.NDArray[np.bool_]) -> float:
    """A lead is judged at several instants of a split; its rows count together, roughly."""
    return max(1.0, float(np.sqrt(part.sum() / 1000)))


def fit_spread(
    training_set: TrainingSet,
    rows: npt.NDArray[np.int64],
    weight: Floats,
    fit: tuple[Parameters, Calibration],
    seed: int,
) -> Spread:
    """Deviation of the log-odds by log-odds, from the difference of two fits on half of the leads each.

    Two halves differ by twice the variance of a half, a half has twice the variance of the whole: the whole's
    variance is a quarter of the mean squared difference. The level's own uncertainty comes on top.
    """
    parameters, calibration = fit
    lead, won = training_set.rows.snapshot.lead[rows], training_set.won[rows]
    half = fold_of(lead, 2, seed)
    wins = max(float(len(np.unique(lead[won > 0]))), 1.0)
    if any(not 0 < won[half == k].sum() < (half == k).sum() for k in (0, 1)):
        return Spread(np.array([0.0, 1.0]), np.full(2, 2.0 / np.sqrt(wins) + 0.5))
    gentler = replace(
        parameters, linear_c=parameters.linear_c * 2, min_leaf_rows=max(parameters.min_leaf_rows // 2, 5)
    )
    logits = [
        calibration.logit(
            fit_conversion(
                training_set.values[rows[half == k]],
                training_set.features,
                won[half == k],
                weight[half == k],
                gentler,
                seed + k,
            ).margin(training_set.values[rows])
        )
        for k in (0, 1)
    ]
    middle, apart = (logits[0] + logits[1]) / 2, (logits[0] - logits[1]) ** 2
    return _by_logit(middle, apart / 4 + 1.0 / wins)


def _by_logit(logit: Floats, variance: Floats) -> Spread:
    order = np.argsort(logit, kind="stable")
    groups: Sequence[npt.NDArray[np.int64]] = [g for g in np.array_split(order, BINS) if len(g)]
    places = np.array([logit[g].mean() for g in groups])
    deviations = INFLATION * np.sqrt(np.array([variance[g].mean() for g in groups]))
    return Spread(places + 1e-9 * np.arange(len(places)), np.maximum(deviations, LEAST_DEVIATION))
