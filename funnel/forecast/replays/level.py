"""Level of a forecast from replayed forecasts: its bias, its trust in the sum over leads, and its shocks."""

from dataclasses import dataclass

import numpy as np

from funnel.forecast.replays.replays import ComingSpans, Replays
from funnel.forecast.replays.spread import ArrivalSpread, Shocks, assumed_variance, divided, measured_variance
from history.base.arrays import Floats

PRIOR_REPLAYS = 10.0  # strength of the prior on trust and bias, in independent replays
PRIOR_TRUST = 0.95  # weight of the sum over leads in the level; the rest is the recent level
MAX_LOG_BIAS = 0.7  # a correction of at most a factor of two
LEAST_MIX, MOST_MIX = 0.4, 2.5  # bounds of the factor from the recent level


@dataclass(frozen=True)
class Level:
    """By period (k,): factor on the expectation of open and new leads, relative standard deviations of the shared
    shocks of wins and of revenue, arrivals included. is_measured: whether replays measure them; shocks: their parts.
    """

    factor: Floats
    wins_deviation: Floats
    revenue_deviation: Floats
    is_measured: bool
    shocks: Shocks


@dataclass(frozen=True)
class Measure:
    """Wins or revenue: the coming spans, and their replays by the model's training and by ages."""

    spans: ComingSpans
    replays: tuple[Replays, Replays]


def fit_level(wins: Measure, revenue: Measure, arrivals: ArrivalSpread) -> Level:
    """The factor from the model's replays of wins; the shocks of wins and of revenue from all of theirs."""
    level = assumed_variance(wins.spans)
    of_wins = measured_variance(level + arrivals.variance, wins.spans, wins.replays)
    assumed_revenue = assumed_variance(revenue.spans) + arrivals.variance
    of_revenue = measured_variance(assumed_revenue, revenue.spans, revenue.replays)
    return Level(
        factor=fit_factor(wins.replays[0], wins.spans),
        wins_deviation=np.sqrt(of_wins),
        revenue_deviation=np.sqrt(of_revenue),
        is_measured=any(replays.suffice for replays in wins.replays),
        shocks=divided(arrivals, level, of_wins, of_revenue),
    )


def fit_factor(replays: Replays, spans: ComingSpans) -> Floats:
    """Factor (k,) on the expectation of open and new leads, from replays of the model; 1 if they do not suffice.

    Expected = factor * sum over leads, factor = bias * (trust + (1 - trust) * recent level / sum over leads). Trust is
    the weighted least-squares share, bias the ratio of actual to expected; both are shrunk by PRIOR_REPLAYS.
    """
    if not replays.suffice:
        return np.ones(len(spans.end))
    share = replays.dates / (replays.dates + PRIOR_REPLAYS)
    trust = _trust(replays, share)
    bias = _bias(replays.actual, trust * replays.summed + (1 - trust) * replays.recent, share)
    now = np.maximum(spans.expected, 1e-9)
    mix = trust + (1 - trust) * spans.recent_rate * spans.length / now
    return np.asarray(bias * np.clip(mix, LEAST_MIX, MOST_MIX))


def _bias(actual: Floats, expected: Floats, share: float) -> float:
    """Ratio of the totals, shrunk to 1 by `share`; 1 if nothing happened."""
    if not actual.sum() > 0:
        return 1.0
    log_ratio = np.clip(np.log(actual.sum() / expected.sum()), -MAX_LOG_BIAS, MAX_LOG_BIAS)
    return float(np.exp(share * log_ratio))


def _trust(replays: Replays, share: float) -> float:
    """Least-squares weight of the sum over leads against the recent level, shrunk to PRIOR_TRUST by `share`."""
    gap = replays.summed - replays.recent
    weight = 1 / np.maximum(replays.summed, 1e-9)
    norm = float(np.sum(weight * gap**2))
    best = PRIOR_TRUST
    if norm > 0:
        best = float(np.sum(weight * (replays.actual - replays.recent) * gap)) / norm
    return float(share * np.clip(best, 0.0, 1.0) + (1 - share) * PRIOR_TRUST)
