"""The slope of outcomes over out-of-fold margins, and how far thin evidence shrinks it (empirical Bayes)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from history.base.arrays import Floats, Ints
from models.figures.calibration import MIN_SLOPE
from training.fit.calibration import SlopeTerm, slope_term
from training.rows.predictions import OutOfFold
from training.rows.training_set import TrainingSet
from training.rows.weights import deviation_by_lead

STEPS, TOLERANCE = 40, 1e-8
LARGEST = 3.0  # slopes beyond +-LARGEST are as good as it
# One-sided error of the test that a slope is above 0. The fits of a partition share rows, so slopes of noise scatter
# more than their errors say (docs/decisions/0057).
SURE = 0.0025


class Slope(NamedTuple):
    """A slope of log-odds over margins with its standard error by lead, inf without both outcomes; wins: leads won."""

    value: float
    error: float
    wins: int

    @property
    def is_sure(self) -> bool:
        """True if the slope is above 0 beyond chance; few wins estimate the error badly, as Student's t allows for."""
        if self.wins < 2 or not np.isfinite(self.error):
            return False
        return bool(self.value > float(t.isf(SURE, self.wins - 1)) * self.error)

    @property
    def shrunk(self) -> float:
        """The slope to be expected of later leads, above 0 and at most 1.

        Estimates scatter around the true slope by their error, and true slopes around 0: the posterior mean keeps the
        share 1 - error^2 / value^2 (Efron and Morris 1973).
        """
        if self.value <= self.error:
            return MIN_SLOPE
        share = 1.0 - (self.error / self.value) ** 2
        return float(np.clip(share * self.value, MIN_SLOPE, 1.0))


NO_SLOPE = Slope(0.0, np.inf, 0)


def slope_within_dates(training_set: TrainingSet, held_out: Sequence[OutOfFold]) -> Slope:
    """The slope over leads held out together, compared with those of the same date alone.

    All leads won are evaluated, by fits on most of the others: what is thin shows here sooner than at past dates. A
    level for each date keeps out whatever moved all leads alike. held_out: one or more partitions of the leads, whose
    margins, centred in each fit, are averaged: what a partition does by chance would widen the noise by a third.
    """
    total, count = np.zeros(len(training_set.rows)), np.zeros(len(training_set.rows))
    for part in held_out:
        for k in np.unique(part.split):
            rows = part.rows[part.split == k]
            margin = part.margin[part.split == k]
            total[rows] += margin - margin.mean()
            count[rows] += 1
    rows = np.flatnonzero(count)
    snapshot = training_set.rows.snapshot.take(rows)
    date = np.unique(snapshot.as_of_us, return_inverse=True)[1].astype(np.int64)
    within = OutOfFold(rows, date, total[rows] / count[rows])
    return slope_of(within, training_set.won[rows], snapshot.lead)


def slope_of(predictions: OutOfFold, won: Floats, lead: Ints) -> Slope:
    """The slope of outcomes won (n,) over margins, with a free level a split; rows of one lead (n,) count together.

    Maximum likelihood by Newton's method; the error is the sandwich estimate by lead (Liang and Zeger 1986).
    """
    wins, slope = len(np.unique(lead[won > 0])), 0.0
    term = _term_of_splits(predictions, won, slope)
    for _ in range(STEPS):
        if not term.curvature > 0:
            return Slope(0.0, np.inf, wins)
        step = float(term.score.sum()) / term.curvature
        slope = float(np.clip(slope + step, -LARGEST, LARGEST))
        term = _term_of_splits(predictions, won, slope)
        if abs(step) < TOLERANCE or abs(slope) == LARGEST:
            break
    if not term.curvature > 0:
        return Slope(0.0, np.inf, wins)
    return Slope(slope, deviation_by_lead(term.score, lead) / term.curvature, wins)


def _term_of_splits(predictions: OutOfFold, won: Floats, slope: float) -> SlopeTerm:
    """The derivatives over all splits."""
    score, curvature = np.zeros(len(won)), 0.0
    for k in np.unique(predictions.split):
        rows = np.flatnonzero(predictions.split == k)
        of_split = slope_term(slope, predictions.margin[rows], won[rows])
        score[rows] = of_split.score
        curvature += of_split.curvature
    return SlopeTerm(score, curvature)
