"""Level of a forecast from replayed forecasts: its bias, its trust in the sum over leads, and its error."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis

MEMORY_HORIZONS = 1.0  # replays less than this many horizons apart are nearly the same evidence
PRIOR_REPLAYS = 10.0  # strength of the prior on trust and bias, in independent replays
PRIOR_TRUST = 0.95  # weight of the sum over leads in the level; the rest is the recent level
PRIOR_SPREAD = 0.08  # relative standard deviation of the common shock
SPREAD_REPLAYS = 2.0  # strength of the prior on the spread, in independent replays
SEASON_SPREAD = 0.2  # adds to the spread of a funnel that has not seen a whole year, at most
LEAST_SPREAD = 0.03
MAX_LOG_BIAS = 0.7  # a correction of at most a factor of two
LEAST_MIX, MOST_MIX = 0.4, 2.5  # bounds of the factor from the recent level
FEWEST_CELLS = 6  # replayed spans from which an interval counts as measured
FEWEST_WINS = 10.0
DOUBLING_DAYS = 90  # a span that starts this far ahead has twice the variance of the first
SETTLING_DAYS = 7  # a replayed span counts once it has been over for this long


@dataclass(frozen=True)
class Level:
    """By period (k,): factor on the expectation of open and new leads, relative standard deviation of the shock that
    all leads of the period share, and the share (0 to 1) of that deviation that is measured by replays.
    """

    factor: Floats
    deviation: Floats
    measured_share: Floats

    @property
    def measured(self) -> bool:
        """Whether a replayed period measures any of the deviation."""
        return bool(self.measured_share.any())


@dataclass(frozen=True)
class ComingSpans:
    """k spans of days after T, with the expectation in each.

    start, end, expected (k,): the last is the sum over leads. recent_rate: recent mean a day. noise: variance that
    one win adds, over its squared mean. known_wins: wins that the model has learned from. unseen_year: share of a year
    that history does not cover.
    """

    start: Floats
    end: Floats
    expected: Floats
    recent_rate: float
    noise: float = 1.0
    known_wins: float = np.inf
    unseen_year: float = 0.0

    @property
    def length(self) -> Floats:
        return self.end - self.start


def prior_level(spans: ComingSpans) -> Level:
    """The level without replays: no correction, the prior's spread."""
    k = len(spans.end)
    return Level(np.ones(k), _prior_deviation(spans), np.zeros(k))


def _prior_deviation(spans: ComingSpans) -> Floats:
    """PRIOR_SPREAD, the unseen season and the sampling error of the learned rates; grows with distance, (k,)."""
    sampling = spans.noise / max(spans.known_wins, 1.0)
    variance = PRIOR_SPREAD**2 + spans.unseen_year * SEASON_SPREAD**2 + sampling
    return np.asarray(np.sqrt(variance * (1 + spans.start / DOUBLING_DAYS)))


def fit_level(
    basis: ForecastBasis | None, spans: ComingSpans, horizon_days: int, as_of_us: int, *, revenue: bool
) -> Level:
    """The level of `spans` from the replayed forecasts whose spans were over by as_of_us.

    Expected = factor * sum over leads, factor = bias * (trust + (1 - trust) * recent level / sum over leads). Trust is
    the weighted least-squares share, bias the ratio of actual to expected; both are shrunk by PRIOR_REPLAYS. The
    deviation is the root mean squared relative error of the replays, less the variance of counting (method of
    moments).
    """
    if basis is None or not len(basis):
        return prior_level(spans)
    replays = _replays(basis, spans, as_of_us, revenue=revenue)
    if len(replays.actual) < FEWEST_CELLS or replays.wins.sum() < FEWEST_WINS:
        return prior_level(spans)

    days = float(basis.as_of_us.max() - basis.as_of_us.min()) / DAY_US
    independent = days / (MEMORY_HORIZONS * horizon_days) + 1
    share = independent / (independent + PRIOR_REPLAYS)
    trust = _trust(replays, share)
    mixed = trust * replays.summed + (1 - trust) * replays.recent
    bias = _bias(replays.actual, mixed, share)

    error = (replays.actual - bias * mixed) / np.maximum(bias * mixed, 1e-9)
    # Without the variance of counting: the simulation adds that of its own draws.
    excess = error**2 - spans.noise / np.maximum(replays.wins, 1.0)
    measured_weight = independent / (independent + SPREAD_REPLAYS)
    deviation = _deviation(excess, replays.span, spans, measured_weight)

    now = np.maximum(spans.expected, 1e-9)
    mix = trust + (1 - trust) * spans.recent_rate * spans.length / now
    mix = np.clip(mix, LEAST_MIX, MOST_MIX)
    count = np.bincount(replays.span, minlength=len(deviation))
    return Level(bias * mix, deviation, count / (count + FEWEST_CELLS))


def _bias(actual: Floats, expected: Floats, share: float) -> float:
    """Ratio of the totals, shrunk to 1 by `share`; 1 if nothing happened."""
    if not actual.sum() > 0:
        return 1.0
    log_ratio = np.clip(np.log(actual.sum() / expected.sum()), -MAX_LOG_BIAS, MAX_LOG_BIAS)
    return float(np.exp(share * log_ratio))


def _deviation(excess: Floats, span: Ints, spans: ComingSpans, weight: float) -> Floats:
    """By period (k,): mean excess variance of its own replays, pooled with that of all; `weight` against the prior."""
    prior = _prior_deviation(spans)
    pooled = max(float(excess.mean()), 0.0)
    deviation = np.empty(len(spans.end))
    for k in range(len(deviation)):
        own = excess[span == k]
        variance = pooled * (1 + spans.start[k] / DOUBLING_DAYS)
        if len(own):
            variance = (float(own.sum()) + FEWEST_CELLS * pooled) / (len(own) + FEWEST_CELLS)
        mixed = weight * variance + (1 - weight) * prior[k] ** 2
        deviation[k] = np.sqrt(max(mixed, LEAST_SPREAD**2))
    return deviation


@dataclass(frozen=True)
class _Replays:
    """c replayed spans, each column (c,): actual total, sum over leads, recent level, expected wins, and the
    index of the coming span that each one corresponds to.
    """

    actual: Floats
    summed: Floats
    recent: Floats
    wins: Floats
    span: Ints


def _replays(basis: ForecastBasis, spans: ComingSpans, as_of_us: int, *, revenue: bool) -> _Replays:
    parts = list(_replays_by_span(basis, spans, as_of_us, revenue=revenue))
    if not parts:
        empty = np.zeros(0)
        return _Replays(empty, empty, empty, empty, np.zeros(0, dtype=np.int64))
    return _Replays(
        actual=np.concatenate([part.actual for part in parts]),
        summed=np.concatenate([part.summed for part in parts]),
        recent=np.concatenate([part.recent for part in parts]),
        wins=np.concatenate([part.wins for part in parts]),
        span=np.concatenate([part.span for part in parts]),
    )


def _replays_by_span(
    basis: ForecastBasis, spans: ComingSpans, as_of_us: int, *, revenue: bool
) -> Iterator[_Replays]:
    """The replays of each coming span, as far as the replays reach."""
    actual = basis.revenue if revenue else basis.wins
    summed = basis.open_revenue + basis.new_revenue if revenue else basis.open_wins + basis.new_wins
    rate = basis.recent_revenue if revenue else basis.recent_wins
    expected_wins = basis.open_wins + basis.new_wins
    for k in range(len(spans.end)):
        start, end = spans.start[k], spans.end[k]
        if end > basis.days[-1]:
            break
        over: Mask = basis.as_of_us + (end + SETTLING_DAYS) * DAY_US <= as_of_us
        actual_total = _within(actual, basis.days, start, end)
        expected_total = _within(summed, basis.days, start, end)
        wins = _within(expected_wins, basis.days, start, end)
        is_known = np.isfinite(actual_total) & np.isfinite(expected_total)
        usable = over & is_known & (expected_total > 0)
        yield _Replays(
            actual=actual_total[usable],
            summed=expected_total[usable],
            recent=(rate * spans.length[k])[usable],
            wins=wins[usable],
            span=np.full(int(usable.sum()), k, dtype=np.int64),
        )


def _within(cumulated: Floats, days: Floats, start: float, end: float) -> Floats:
    """Increase of each row (m, len(days)) from `start` to `end` days, (m,); NaN if its end was not observed."""
    grid = np.concatenate(([0.0], days))
    rows = np.column_stack((np.zeros(len(cumulated)), cumulated))
    return np.array([np.interp(end, grid, row) - np.interp(start, grid, row) for row in rows])


def _trust(replays: _Replays, share: float) -> float:
    """Least-squares weight of the sum over leads against the recent level, shrunk to PRIOR_TRUST by `share`."""
    gap = replays.summed - replays.recent
    weight = 1 / np.maximum(replays.summed, 1e-9)
    norm = float(np.sum(weight * gap**2))
    best = PRIOR_TRUST
    if norm > 0:
        best = float(np.sum(weight * (replays.actual - replays.recent) * gap)) / norm
    return float(share * np.clip(best, 0.0, 1.0) + (1 - share) * PRIOR_TRUST)
