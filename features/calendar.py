"""Calendar features in the funnel's time zone, computed from the zone's own table of offsets."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numba import types

from features.feature import Block, Feature
from history.base.arrays import Floats, Ints
from history.base.compiled import F64, I64, OUT, compiled
from history.snapshot import Snapshot
from history.text.times import DAY_US, HOUR_US

BLOCK = Block("calendar")
NO_CREATION = "an unknown day of creation"

# Columns of the block, in the order of `calendar_features`.
(
    CREATED_WEEKDAY,
    CREATED_HOUR,
    AS_OF_WEEKDAY,
    DAYS_TO_MONTH_END,
    DAYS_TO_QUARTER_END,
    AS_OF_MONTH,
) = range(6)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=7)  # offset changes lie further apart in every zone
MICROSECOND = timedelta(microseconds=1)

# 1970-01-01 was a Thursday: day number + 3 modulo 7 is the weekday, Monday 0.
_EPOCH_WEEKDAY = 3


@dataclass(frozen=True)
class Calendar:
    """The time zone of the calendar features, and whether as_of's month is one of them."""

    zone: ZoneInfo
    has_month: bool


def calendar_features(has_month: bool) -> tuple[Feature, ...]:
    """The columns of the block. The month needs a whole year of training: before that it only tells the date."""
    columns = [
        BLOCK.number("created_weekday", "weekday", "creation on a {value}", missing=NO_CREATION),
        BLOCK.number("created_hour", "hour", "creation between {value}", missing=NO_CREATION),
        BLOCK.number("as_of_weekday", "weekday", "today being a {value}"),
        BLOCK.number("days_to_month_end", "calendar days", "the end of the month in {value}"),
        BLOCK.number("days_to_quarter_end", "calendar days", "the end of the quarter in {value}"),
    ]
    if has_month:
        columns.append(BLOCK.number("as_of_month", "month", "the month of {value}"))
    return tuple(columns)


class ZoneOffsets(NamedTuple):
    """A zone's offsets from UTC, both (n,) in microseconds: offset_us[i] holds from the instant from_us[i] on."""

    from_us: Ints
    offset_us: Ints


@lru_cache(maxsize=64)
def zone_offsets(zone: ZoneInfo) -> ZoneOffsets:
    """The offsets of a zone from 1900 to 2100."""
    starts, offsets = [np.iinfo(np.int64).min], [_offset(_FIRST, zone)]
    at = _FIRST
    while at < _LAST:
        after = at + _STEP
        if _offset(after, zone) != offsets[-1]:
            change = _first_change(at, zone, offsets[-1])
            starts.append((change - _EPOCH) // MICROSECOND)
            offsets.append(_offset(change, zone))
        at = after
    return ZoneOffsets(np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _first_change(begin: datetime, zone: ZoneInfo, offset: int) -> datetime:
    """The first second within a _STEP after `begin` at which the zone's offset is another one."""

    def has_changed(second: int) -> bool:
        return _offset(begin + timedelta(seconds=second), zone) != offset

    seconds = range(int(_STEP.total_seconds()))
    return begin + timedelta(seconds=bisect_left(seconds, True, key=has_changed))


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // MICROSECOND


def local_us(instants_us: Ints, zone: ZoneInfo) -> Ints:
    """The zone's wall clock (n,) at each instant (n,), in microseconds since it showed 1970-01-01T00:00."""
    starts, offsets = zone_offsets(zone)
    period = starts.searchsorted(instants_us, side="right") - 1
    return np.asarray(instants_us + offsets[period], dtype=np.int64)


def local_days(instants_us: Ints, zone: ZoneInfo) -> Ints:
    """The zone's dates (n,) of instants (n,), in days since 1970-01-01."""
    return _local_days(instants_us, *zone_offsets(zone))


class WeekdayAndWeek(NamedTuple):
    """Weekday (n,), Monday 0, and week of the year (n,): days since 1 January // 7 + 1; NaN for unknown dates."""

    weekday: Floats
    week: Floats


def weekday_and_week(instants_us: Floats, zone: ZoneInfo) -> WeekdayAndWeek:
    """Weekday and week of instants (n,) in the zone; NaN of NaN."""
    out = np.empty((2, len(instants_us)))
    week_rows(out, instants_us, *zone_offsets(zone))
    return WeekdayAndWeek(out[0], out[1])


def write_calendar(out: Floats, at: int, rows: Snapshot, calendar: Calendar) -> None:
    """Writes the block of the rows at column `at`."""
    created_us = rows.history.created_us[rows.lead]
    offsets = zone_offsets(calendar.zone)
    calendar_rows(out, at, int(calendar.has_month), created_us, rows.as_of_us, *offsets)


@compiled()
def _local(instant: int, starts: Ints, offsets: Ints) -> int:
    """The wall clock at one instant, as `local_us` gives it."""
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        if starts[middle] <= instant:
            low = middle
        else:
            high = middle
    return int(instant + offsets[low])


@compiled(types.int64[::1](I64, I64, I64))
def _local_days(instants: Ints, starts: Ints, offsets: Ints) -> Ints:
    """`local_days` by a zone's table of offsets."""
    out = np.empty(len(instants), dtype=np.int64)
    for i in range(len(instants)):
        out[i] = _local(instants[i], starts, offsets) // DAY_US
    return out


@compiled()
def _civil(days: int, date: Ints) -> None:
    """Year, month and day of a day number since 1970 (Howard Hinnant, chrono-compatible low-level date algorithms)."""
    z = days + 719_468
    era = z // 146_097
    doe = z - era * 146_097
    yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    date[0] = yoe + era * 400 + (1 if month <= 2 else 0)
    date[1] = month
    date[2] = doy - (153 * mp + 2) // 5 + 1


@compiled()
def _day_number(year: int, month: int, day: int) -> int:
    """The inverse of `_civil`: days since 1970-01-01 of a date.

    Years begin in March, so that a leap day ends its year, and eras of 400 years have 146,097 days each; 719,468 days
    lie between 0000-03-01 and 1970-01-01.
    """
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468


@compiled(types.void(OUT, types.int64, types.int64, I64, I64, I64, I64))
def calendar_rows(
    out: Floats, at: int, with_month: int, created: Ints, as_of: Ints, starts: Ints, offsets: Ints
) -> None:
    """Writes the calendar features of each row into out (n, k) from column `at`.

    created and as_of (n,) are instants, starts and offsets a zone's table. Days to an end are whole days: 0 on the
    last.
    """
    date = np.empty(3, dtype=np.int64)
    for i in range(len(as_of)):
        born = _local(created[i], starts, offsets)
        now = _local(as_of[i], starts, offsets)
        today = now // DAY_US
        out[i, at + CREATED_WEEKDAY] = (born // DAY_US + _EPOCH_WEEKDAY) % 7
        out[i, at + CREATED_HOUR] = born % DAY_US // HOUR_US
        out[i, at + AS_OF_WEEKDAY] = (today + _EPOCH_WEEKDAY) % 7
        _civil(today, date)
        year, month = date[0], date[1]
        quarter_month = (month - 1) // 3 * 3 + 3
        for c in range(2):  # month, quarter
            last = month if c == 0 else quarter_month
            following = _day_number(year + 1, 1, 1) if last == 12 else _day_number(year, last + 1, 1)
            out[i, at + DAYS_TO_MONTH_END + c] = following - 1 - today
        if with_month:
            out[i, at + AS_OF_MONTH] = month


@compiled(types.void(OUT, F64, I64, I64))
def week_rows(out: Floats, instants: Floats, starts: Ints, offsets: Ints) -> None:
    """Writes weekday and week of each instant (n,) into the two rows of out (2, n)."""
    date = np.empty(3, dtype=np.int64)
    for i in range(len(instants)):
        if np.isnan(instants[i]):
            out[0, i] = out[1, i] = np.nan
            continue
        day = _local(int(instants[i]), starts, offsets) // DAY_US
        _civil(day, date)
        out[0, i] = (day + _EPOCH_WEEKDAY) % 7
        out[1, i] = (day - _day_number(date[0], 1, 1)) // 7 + 1
