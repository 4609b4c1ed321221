"""What one report looks at: a period [from, to) of the leads of one group, and the calendar months in it."""

import math
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from funnel.state.paths import Paths, Visits
from funnel.state.touches import Touches
from history.arrays import Floats, Ints, Mask
from history.history import DAY_US
from history.times import from_local

MONTH_DAYS = 365.25 / 12
Record = dict[str, Any]


@dataclass(frozen=True)
class Period:
    """The instants from_us <= t < to_us; to_us is one past as_of_us where the report runs up to its own date."""

    from_us: int
    to_us: int
    edges_us: Ints = field(
        default_factory=lambda: np.zeros(0, dtype=np.int64)
    )  # starts of its months, and the last one's end
    months: tuple[date, ...] = ()

    @property
    def days(self) -> float:
        return (self.to_us - self.from_us) / DAY_US

    @property
    def whole(self) -> list[bool]:
        """Which of the months the period does not cut."""
        starts, ends = self.edges_us[:-1] >= self.from_us, self.edges_us[1:] <= self.to_us
        return [bool(is_whole) for is_whole in starts & ends]

    def holds(self, time_us: Ints) -> Mask:
        return np.asarray((time_us >= self.from_us) & (time_us < self.to_us))

    def month_of(self, time_us: Ints) -> Ints:
        """The place of each instant among the months, -1 outside of the period."""
        place = np.searchsorted(self.edges_us, time_us, side="right") - 1
        return np.where(self.holds(time_us), place, -1)


@dataclass(frozen=True)
class View:
    """The leads of one group within one period: lead (n,) indexes the paths' leads, visits and touches are theirs."""

    paths: Paths
    period: Period
    lead: Ints
    visits: Visits
    touches: Touches


def view(paths: Paths, period: Period, touches: Touches, mine: Mask | None = None) -> View:
    """The view of the leads that `mine` marks, of all without it."""
    if mine is None:
        return View(paths, period, np.arange(len(paths), dtype=np.int64), paths.visits, touches)
    return View(
        paths, period, np.flatnonzero(mine), paths.visits.take(mine[paths.visits.lead]), touches.take(mine)
    )


def months_between(from_us: int, to_us: int, zone: ZoneInfo) -> tuple[Ints, tuple[date, ...]]:
    """Edges (m + 1,) in us of the calendar months of `zone` that touch [from_us, to_us), and the first day of each."""
    first, last = (local_date(us, zone) for us in (from_us, max(from_us, to_us - 1)))
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    at = first.year * 12 + first.month - 1
    days = [date(m // 12, m % 12 + 1, 1) for m in range(at, at + count + 1)]
    epoch = date(1970, 1, 1)
    local = np.array([(day - epoch).days * DAY_US for day in days], dtype=np.int64)
    return from_local(local, zone), tuple(days[:-1])


def local_date(us: int, zone: ZoneInfo) -> date:
    """The calendar day of an instant in `zone`."""
    return datetime.fromtimestamp(us // 1_000_000, zone).date()


def number(value: float) -> float | None:
    """A JSON number; None for one that is not known."""
    return None if math.isnan(value) or math.isinf(value) else float(value)


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def quartiles(values: Floats) -> Record:
    """Count, mean and quartiles of values that are all known."""
    if not len(values):
        return {"n": 0, "mean": None, "q25": None, "median": None, "q75": None}
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    return {"n": len(values), "mean": float(values.mean()), "q25": low, "median": middle, "q75": high}
