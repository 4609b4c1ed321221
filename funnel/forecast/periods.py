"""Whole calendar periods in the funnel's time zone, the first being the one that contains T."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.calendar import local_us
from history.errors import InvalidInput
from history.times import parse_time

KINDS: Final = ("week", "month", "quarter")
DEFAULT_COUNT: Final = {"week": 13, "month": 3, "quarter": 1}  # three months
MOST: Final = {"week": 104, "month": 36, "quarter": 12}
DAYS: Final = {"week": 7.0, "month": 30.4375, "quarter": 91.3125}
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class Period:
    """[start_us, end_us), from 00:00 of the date `start` to 00:00 of the date `end` in the zone."""

    start: date
    end: date
    start_us: int
    end_us: int


def periods(as_of_us: int, kind: str, count: int | None, zone: ZoneInfo) -> list[Period]:
    """`count` periods (None: three months of them) from the one that contains as_of_us.

    Weeks begin on Monday. Raises InvalidInput for another kind or a count outside 1..MOST[kind].
    """
    if kind not in KINDS:
        raise InvalidInput(f"the period {kind!r} is unknown: give one of {', '.join(KINDS)}")
    count = DEFAULT_COUNT[kind] if count is None else count
    if not 1 <= count <= MOST[kind]:
        raise InvalidInput(f"{count} periods asked for: give 1 to {MOST[kind]} {kind}s")
    edges = [begin(local_date(as_of_us, zone), kind)]
    for _ in range(count):
        edges.append(shift(edges[-1], kind, 1))
    return _between(edges, zone)


def before(first: Period, kind: str, count: int, zone: ZoneInfo) -> list[Period]:
    """The `count` periods that end where `first` begins, oldest first."""
    edges = [first.start]
    for _ in range(count):
        edges.insert(0, shift(edges[0], kind, -1))
    return _between(edges, zone)


def _between(edges: list[date], zone: ZoneInfo) -> list[Period]:
    at = [parse_time(edge.isoformat(), zone) for edge in edges]
    return [
        Period(a, b, a_us, b_us)
        for a, b, a_us, b_us in zip(edges[:-1], edges[1:], at[:-1], at[1:], strict=True)
    ]


def begin(day: date, kind: str) -> date:
    """The first day of the period that contains `day`."""
    if kind == "week":
        return day - timedelta(days=day.weekday())
    month = day.month if kind == "month" else 3 * ((day.month - 1) // 3) + 1
    return day.replace(month=month, day=1)


def shift(first: date, kind: str, count: int) -> date:
    """The first day of the period `count` periods after the one that begins at `first`."""
    if kind == "week":
        return first + timedelta(days=7 * count)
    months = first.year * 12 + first.month - 1 + count * (1 if kind == "month" else 3)
    return date(months // 12, months % 12 + 1, 1)


def local_date(at_us: int, zone: ZoneInfo) -> date:
    """The date of an instant in the zone."""
    return _EPOCH + timedelta(microseconds=int(local_us(np.array([at_us]), zone)[0]))
