"""Whole calendar periods in the funnel's time zone; the first one contains T."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from funnel.dates import MONTH_DAYS, local_date, shift_months
from history.base.errors import InvalidInput
from history.text.times import parse_time

KINDS: Final = ("week", "month", "quarter")
DEFAULT_COUNT: Final = {"week": 13, "month": 3, "quarter": 1}  # about three months each
MOST: Final = {"week": 104, "month": 36, "quarter": 12}
DAYS: Final = {"week": 7.0, "month": MONTH_DAYS, "quarter": 3 * MONTH_DAYS}  # on average
MONTHS: Final = {"month": 1, "quarter": 3}
# A period's share of a monthly target.
LENGTH_IN_MONTHS: Final = {"week": 7 / MONTH_DAYS, "month": 1.0, "quarter": 3.0}


@dataclass(frozen=True)
class CalendarPeriod:
    """[start_us, end_us), from 00:00 of the date `start` to 00:00 of the date `end` in the time zone."""

    start: date
    end: date
    start_us: int
    end_us: int


def periods(as_of_us: int, kind: str, count: int | None, zone: ZoneInfo) -> list[CalendarPeriod]:
    """`count` periods (None: DEFAULT_COUNT) from the one that contains as_of_us; weeks begin on Monday.

    Raises InvalidInput for an unknown kind or a count outside 1..MOST[kind].
    """
    if kind not in KINDS:
        raise InvalidInput(f"unknown period {kind!r}: give one of {', '.join(KINDS)}")
    count = DEFAULT_COUNT[kind] if count is None else count
    if not 1 <= count <= MOST[kind]:
        raise InvalidInput(f"{count} periods requested: give 1 to {MOST[kind]} {kind}s")
    edges = [period_start(local_date(as_of_us, zone), kind)]
    for _ in range(count):
        edges.append(shift(edges[-1], kind, 1))
    return _between(edges, zone)


def periods_before(first: CalendarPeriod, kind: str, count: int, zone: ZoneInfo) -> list[CalendarPeriod]:
    """The `count` periods that end where `first` begins, oldest first."""
    edges = [first.start]
    for _ in range(count):
        edges.insert(0, shift(edges[0], kind, -1))
    return _between(edges, zone)


def _between(edges: Sequence[date], zone: ZoneInfo) -> list[CalendarPeriod]:
    instants = [parse_time(edge.isoformat(), zone) for edge in edges]
    spans = []
    for dates, times_us in zip(pairwise(edges), pairwise(instants), strict=True):
        spans.append(CalendarPeriod(*dates, *times_us))
    return spans


def period_start(day: date, kind: str) -> date:
    """The first day of the period that contains `day`."""
    if kind == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS[kind]
    return day.replace(month=months * ((day.month - 1) // months) + 1, day=1)


def shift(first: date, kind: str, count: int) -> date:
    """The first day of the period `count` periods after the one that begins at `first`."""
    if kind == "week":
        return first + timedelta(days=7 * count)
    return shift_months(first, count * MONTHS[kind])
