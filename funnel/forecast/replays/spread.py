"""Size of the shocks that all leads of a period share: an assumption, corrected by the errors of replayed forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from funnel.forecast.replays.replays import ComingSpans, Replays
from history.base.arrays import Floats
from models.figures.kernel import Z80

ASSUMED_SPREAD = 0.05  # relative standard deviation of the common shock
SEASON_SPREAD = 0.1  # adds to the spread of a funnel that has not seen a whole year, at most
SCALE_LOG_SD = 2.5  # of the prior of the log of the variance around the assumed one: hardly any
LEAST_SPREAD = 0.02
MOST_ERROR = 2.0  # relative error of a replayed span beyond which the funnel is another one
DOUBLING_DAYS = 90  # a span that starts this far ahead has twice the variance of the first
MAX_ARRIVAL_SHOCK = 1.0
SCALES = np.exp(np.linspace(-9, 6, 121))  # candidates: variance over the assumed one
HALF_WIDTHS = np.exp(np.linspace(-5, 4, 181))  # of intervals, in assumed standard deviations


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
    """Variance (k,) of the shared shock, from the assumed one and the errors of the sources that suffice.

    A relative error is normal, its variance that of the shock and of counting, which the simulation adds by its own
    draws. The shock's grows with distance; how many times the assumed one it is has a lognormal prior, and a posterior
    in which each source counts as so many errors as it has independent dates. The variance returned has the 80 %
    interval of the mixture of shocks over that posterior.
    """
    used = [source for source in sources if source.suffice]
    if not used:
        return np.maximum(assumed, LEAST_SPREAD**2)
    grown = growth(spans)
    form = grown * float(np.mean(assumed / grown))
    log_posterior = -0.5 * (np.log(SCALES) / SCALE_LOG_SD) ** 2
    for source in used:
        log_posterior = log_posterior + source.dates * _mean_log_likelihood(source, spans, form)
    posterior = np.exp(log_posterior - log_posterior.max())
    return np.maximum(_scale_of_interval(posterior / posterior.sum()) * form, LEAST_SPREAD**2)


def _mean_log_likelihood(replays: Replays, spans: ComingSpans, form: Floats) -> Floats:
    """Mean over the cells of the log density of their errors under each of SCALES times `form` (k,), (s,)."""
    error = np.minimum(np.abs(replays.actual / replays.summed - 1), MOST_ERROR)
    variance = SCALES[:, None] * form[replays.span] + spans.noise / np.maximum(replays.wins, 1.0)
    return np.asarray(-0.5 * (error**2 / variance + np.log(variance)).mean(axis=1))


def _scale_of_interval(posterior: Floats) -> float:
    """The scale whose normal has the 80 % interval of the mixture of normals over SCALES."""
    inside = (2 * ndtr(HALF_WIDTHS[:, None] / np.sqrt(SCALES)) - 1) @ posterior
    return (float(np.interp(0.8, inside, HALF_WIDTHS)) / Z80) ** 2


def divided(arrivals: ArrivalSpread, level: Floats, of_wins: Floats, of_revenue: Floats) -> Shocks:
    """Shocks under which all wins and all revenue vary as measured, of_wins and of_revenue (k,).

    The variance of wins is divided between the level and the arrivals as the assumed one is; level (k,): its part.
    """
    scale = of_wins / (level + arrivals.variance)
    wins = np.sqrt(level * scale)
    revenue = np.sqrt(np.maximum(of_revenue - arrivals.variance * scale, wins**2))
    return Shocks(wins, np.minimum(arrivals.deviation * np.sqrt(scale), MAX_ARRIVAL_SHOCK), revenue)
