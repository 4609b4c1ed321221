"""Size of the shocks that all leads of a period share: an assumption, corrected by the errors of replayed forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnel.forecast.replays.replays import ComingSpans, Replays
from history.base.arrays import Floats

ASSUMED_SPREAD = 0.05  # relative standard deviation of the common shock
SEASON_SPREAD = 0.1  # adds to the spread of a funnel that has not seen a whole year, at most
ASSUMED_DATES = 1.0  # weight of the assumption, in independent dates replayed by the model
POOLED_CELLS = 20.0  # weight of all spans' errors in the spread of one span, in cells
LEAST_SPREAD = 0.02
MOST_ERROR = 2.0  # relative error of a replayed span beyond which the funnel is another one
DOUBLING_DAYS = 90  # a span that starts this far ahead has twice the variance of the first
MAX_ARRIVAL_SHOCK = 1.0


@dataclass(frozen=True)
class ArrivalSpread:
    """By span (k,): standard deviation of the log level of arrivals, and the share of the expected wins that is new."""

    deviation: Floats
    new_share: Floats

    @property
    def variance(self) -> Floats:
        """What the arrivals add to the relative variance of all wins (k,)."""
        return np.asarray((self.deviation * self.new_share) ** 2)


@dataclass(frozen=True)
class Shocks:
    """Relative standard deviations (k,) of the shocks on all wins, on new leads alone, and on revenue in all."""

    wins: Floats
    new: Floats
    revenue: Floats


def assumed_variance(spans: ComingSpans) -> Floats:
    """ASSUMED_SPREAD, the unseen season and the sampling error of the learned rates; grows with distance, (k,)."""
    sampling = spans.noise / max(spans.known_wins, 1.0)
    variance = ASSUMED_SPREAD**2 + spans.unseen_year * SEASON_SPREAD**2 + sampling
    return np.asarray(variance * growth(spans))


def growth(spans: ComingSpans) -> Floats:
    """Variance of each span relative to that of one that begins at T, (k,)."""
    return np.asarray(1 + spans.start / DOUBLING_DAYS)


def measured_variance(assumed: Floats, spans: ComingSpans, sources: Sequence[Replays]) -> Floats:
    """Variance (k,) of the shared shock: the mean of the assumption and of each source, weighted by dates.

    A source's variance is the mean squared relative error of its cells less the variance of counting, which the
    simulation adds by its own draws (method of moments); a span's own cells are pooled with those of all spans.
    """
    total, weight = ASSUMED_DATES * assumed, ASSUMED_DATES
    for source in sources:
        if source.suffice:
            total = total + source.dates * _variance(source, spans)
            weight += source.dates
    return np.maximum(total / weight, LEAST_SPREAD**2)


def _variance(replays: Replays, spans: ComingSpans) -> Floats:
    """Mean excess variance by span (k,), at least 0."""
    error = np.minimum(np.abs(replays.actual / replays.summed - 1), MOST_ERROR)
    excess = error**2 - spans.noise / np.maximum(replays.wins, 1.0)
    grown = growth(spans)
    pooled = max(float((excess / grown[replays.span]).mean()), 0.0) * grown
    k = len(grown)
    sums = np.bincount(replays.span, excess, k)
    cells = np.bincount(replays.span, minlength=k)
    return np.maximum((sums + POOLED_CELLS * pooled) / (cells + POOLED_CELLS), 0.0)


def divided(arrivals: ArrivalSpread, level: Floats, of_wins: Floats, of_revenue: Floats) -> Shocks:
    """Shocks under which all wins and all revenue vary as measured, of_wins and of_revenue (k,).

    The variance of wins is divided between the level and the arrivals as the assumed one is; level (k,): its part.
    """
    scale = of_wins / (level + arrivals.variance)
    wins = np.sqrt(level * scale)
    revenue = np.sqrt(np.maximum(of_revenue - arrivals.variance * scale, wins**2))
    return Shocks(wins, np.minimum(arrivals.deviation * np.sqrt(scale), MAX_ARRIVAL_SHOCK), revenue)
