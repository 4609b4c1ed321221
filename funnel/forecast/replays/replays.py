"""Forecasts replayed at past dates beside what came, span by span: those of training, made by the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis

MEMORY_HORIZONS = 1.0  # replays less than this many horizons apart are nearly the same evidence
FEWEST_CELLS = 3  # replayed spans from which they count
FEWEST_WINS = 10.0
SETTLING_DAYS = 7  # a replayed span counts once it has been over for this long


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
        """Days (k,) of each span."""
        return self.end - self.start


@dataclass(frozen=True)
class Replays:
    """c replayed spans, each column (c,): actual total, sum over leads, recent level, expected wins, and the
    index of the coming span that each one corresponds to. dates: how many independent dates they are worth.
    """

    actual: Floats
    summed: Floats
    recent: Floats
    wins: Floats
    span: Ints
    dates: float

    @property
    def suffice(self) -> bool:
        """Whether they are enough to learn from."""
        return bool(len(self.actual) >= FEWEST_CELLS and self.wins.sum() >= FEWEST_WINS)


def replays_of(
    basis: ForecastBasis | None, spans: ComingSpans, horizon_days: int, as_of_us: int, *, of_revenue: bool
) -> Replays:
    """The replays of the model's training whose spans were over by as_of_us."""
    if basis is None or not len(basis):
        return concatenated([], 0.0)
    days = float(basis.as_of_us.max() - basis.as_of_us.min()) / DAY_US
    dates = days / (MEMORY_HORIZONS * horizon_days) + 1
    return concatenated(list(_by_span(basis, spans, as_of_us, of_revenue=of_revenue)), dates)


def concatenated(parts: Sequence[Replays], dates: float) -> Replays:
    """The replays of all parts, worth `dates` dates."""

    def column(name: str) -> Floats:
        return np.concatenate([np.zeros(0), *(getattr(part, name) for part in parts)])

    span = column("span").astype(np.int64)
    return Replays(column("actual"), column("summed"), column("recent"), column("wins"), span, dates)


def _by_span(
    basis: ForecastBasis, spans: ComingSpans, as_of_us: int, *, of_revenue: bool
) -> Iterator[Replays]:
    """The replays of each coming span, as far as the replays reach."""
    actual = basis.revenue if of_revenue else basis.wins
    summed = basis.open_revenue + basis.new_revenue if of_revenue else basis.open_wins + basis.new_wins
    rate = basis.recent_revenue if of_revenue else basis.recent_wins
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
        yield Replays(
            actual=actual_total[usable],
            summed=expected_total[usable],
            recent=(rate * spans.length[k])[usable],
            wins=wins[usable],
            span=np.full(int(usable.sum()), k, dtype=np.int64),
            dates=0.0,
        )


def _within(cumulated: Floats, days: Floats, start: float, end: float) -> Floats:
    """Increase of each row (m, len(days)) from `start` to `end` days, (m,); NaN if its end was not observed."""
    grid = np.concatenate(([0.0], days))
    rows = np.column_stack((np.zeros(len(cumulated)), cumulated))
    return np.array([np.interp(end, grid, row) - np.interp(start, grid, row) for row in rows])
