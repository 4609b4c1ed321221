"""A change of regime: a date from which leads are won more, or less, often than fits that know no date predict."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from models.figures.calibration import intercept_for
from models.figures.kernel import sigmoid
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet
from training.rows.weights import deviation_by_lead

# Candidates lie so many horizons before T. Fewer than LATEST would show a short shock, and more than EARLIEST no longer
# matter to the level (docs/decisions/0069).
LATEST, EARLIEST, STEP = 1.25, 4.0, 0.25
BEFORE = 4.0  # horizons before the earliest candidate that later rows are compared with
SURE = 5.0  # standard errors by lead: the surest of a dozen dates is tested, and the leads of a month share shocks
LEAST_SHIFT = 0.4  # log-odds; smaller moves are common
MIN_WINS = 30  # leads won on either side
LARGEST, STEPS, TOLERANCE = 3.0, 20, 1e-6


class Change(NamedTuple):
    """An instant, and the shift of all log-odds from there on with its standard error by lead."""

    at_us: int
    shift: float
    error: float

    @property
    def is_sure(self) -> bool:
        """True if the shift is large, and beyond chance and the usual shocks."""
        return abs(self.shift) >= max(LEAST_SHIFT, SURE * self.error)


@dataclass(frozen=True)
class Predicted:
    """n rows with their instants, leads, margins of fits that know no date, and outcomes; every field has shape (n,).

    won: 1 or 0 within the horizon; days: from the instant to the win, read of won rows alone.
    """

    as_of_us: Ints
    lead: Ints
    margin: Floats
    won: Floats
    days: Floats

    def take(self, chosen: Mask) -> "Predicted":
        """The chosen rows."""
        return Predicted(*(column[chosen] for column in vars(self).values()))


def find_change(training_set: TrainingSet, held_out: OutOfFold | None) -> Change | None:
    """The change of regime that leads held out together show, or None.

    Their fits have read all dates alike and know none, so what moved all leads stays in the residuals.
    """
    if held_out is None:
        return None
    rows, index = training_set.rows, held_out.rows
    snapshot = rows.snapshot.take(index)
    predicted = Predicted(
        snapshot.as_of_us, snapshot.lead, held_out.margin, training_set.won[index], rows.labels.days[index]
    )
    change = surest_change(predicted, training_set.as_of_us, training_set.horizon_us)
    return change if change is not None and change.is_sure else None


def surest_change(predicted: Predicted, end_us: int, horizon_us: int) -> Change | None:
    """The candidate whose shift is the most standard errors from 0; None if none has enough wins on both sides.

    end_us: T, by which all horizons of the rows are over.
    """
    rows = predicted.take(predicted.as_of_us >= end_us - int((EARLIEST + BEFORE) * horizon_us))
    if not rows.won.any():
        return None
    changes = []
    for back in np.arange(LATEST, EARLIEST + STEP / 2, STEP):
        at_us = end_us - int(back * horizon_us)
        change = _change(rows, at_us)
        if change is not None:
            changes.append(change)
    return max(changes, key=lambda change: abs(change.shift) / change.error, default=None)


def share_after(rows: Predicted, at_us: int) -> Floats:
    """The share (n,) of each row's wins to be expected after the instant: 1 for rows from then on, 0 long before it."""
    days = np.sort(rows.days[rows.won > 0])
    until = (at_us - rows.as_of_us) / DAY_US
    came = np.searchsorted(days, until, side="left") / max(len(days), 1)
    return np.asarray(np.where(until <= 0, 1.0, 1.0 - came), dtype=np.float64)


def _change(rows: Predicted, at_us: int) -> Change | None:
    """The shift of log-odds between shares 0 and 1 after the instant, beside one level for all rows.

    Maximum likelihood by Newton's method; the error is the sandwich estimate by lead (Liang and Zeger 1986).
    """
    after, won, margin = share_after(rows, at_us), rows.won, rows.margin
    sides = (after > 0.5, after <= 0.5)
    if min(len(np.unique(rows.lead[side & (won > 0)])) for side in sides) < MIN_WINS:
        return None
    level, shift = intercept_for(margin, float(won.sum())), 0.0
    for _ in range(STEPS):
        probability = sigmoid(margin + level + shift * after)
        variance, residual = probability * (1 - probability), won - probability
        mean = float(np.average(after, weights=variance))
        score, curvature = residual * (after - mean), float(variance @ (after - mean) ** 2)
        if not curvature > 0:
            return None
        step = float(score.sum()) / curvature
        if abs(step) < TOLERANCE and abs(residual.sum()) < TOLERANCE * len(won):
            break
        shift = float(np.clip(shift + step, -LARGEST, LARGEST))
        level += float(residual.sum()) / float(variance.sum()) - step * mean
    error = deviation_by_lead(score, rows.lead) / curvature
    return Change(at_us, shift, error) if error > 0 else None
