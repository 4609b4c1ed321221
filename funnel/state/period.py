"""Scope of a report: a period [from, to) of the leads of one group, and the calendar months in it."""

from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from funnel.dates import local_date, shift_months
from funnel.state.leads.paths import StagePaths, Visits
from funnel.state.leads.touches import Touches
from history.base.arrays import Ints, Mask
from history.text.times import DAY_US, from_local

EPOCH = date(1970, 1, 1)


def _no_edges() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Period:
    """The instants from_us <= t < to_us; to_us is as_of_us + 1 if the report runs up to its own date.

    months (m,): first days of the calendar months that the period touches. edges_us (m + 1,): their starts, and the
    end of the last.
    """

    from_us: int
    to_us: int
    edges_us: Ints = field(default_factory=_no_edges)
    months: tuple[date, ...] = ()

    @property
    def days(self) -> float:
        return (self.to_us - self.from_us) / DAY_US

    @property
    def whole_months(self) -> list[bool]:
        """Whether the period contains each month whole, (m,)."""
        starts, ends = self.edges_us[:-1] >= self.from_us, self.edges_us[1:] <= self.to_us
        return [bool(is_whole) for is_whole in starts & ends]

    def holds(self, time_us: Ints) -> Mask:
        return np.asarray((time_us >= self.from_us) & (time_us < self.to_us))

    def month_of(self, time_us: Ints) -> Ints:
        """Index of each instant's month, -1 outside of the period."""
        place = np.searchsorted(self.edges_us, time_us, side="right") - 1
        return np.where(self.holds(time_us), place, -1)


@dataclass(frozen=True)
class View:
    """The leads of one group within one period: lead (n,) indexes those of `paths`; visits and touches are theirs."""

    paths: StagePaths
    period: Period
    lead: Ints
    visits: Visits
    touches: Touches

    @property
    def created(self) -> Ints:
        """The leads created in the period."""
        return np.asarray(self.lead[self.period.holds(self.paths.created_us[self.lead])])


def view_of(paths: StagePaths, period: Period, touches: Touches, members: Mask | None = None) -> View:
    """The view of the leads marked by `members` (n,); None: of all leads."""
    if members is None:
        return View(paths, period, np.arange(len(paths), dtype=np.int64), paths.visits, touches)
    visits = paths.visits.take(members[paths.visits.lead])
    return View(paths, period, np.flatnonzero(members), visits, touches.take(members))


def calendar_period(from_us: int, to_us: int, zone: ZoneInfo) -> Period:
    """The period with the calendar months of `zone` that touch it."""
    last_us = max(from_us, to_us - 1)
    first, last = local_date(from_us, zone), local_date(last_us, zone)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    starts = [shift_months(first, k) for k in range(months + 1)]
    local_days = np.array([(start - EPOCH).days for start in starts], dtype=np.int64)
    edges_us = from_local(local_days * DAY_US, zone)
    return Period(from_us, to_us, edges_us, tuple(starts[:-1]))
