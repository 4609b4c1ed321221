"""Calendar features in the funnel's time zone, computed from the zone's table of UTC offsets."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numba import types

from features.feature import Feature, feature
from features.rows import Rows
from history.arrays import Floats, Ints
from history.compiled import F64, I64, OUT, compiled
from history.history import DAY_US, HOUR_US

BLOCK = "calendar"

# Columns of the block, from its first one.
CREATED_WEEKDAY = 0
CREATED_HOUR = 1
WEEKDAY = 2
DAYS_TO_MONTH_END = 3
DAYS_TO_QUARTER_END = 4
MONTH = 5

THURSDAY = 3  # 1970-01-01 was a Thursday; weekdays count from Monday = 0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)


def features(whole_year: bool) -> tuple[Feature, ...]:
    """The columns of the block; the month only if training saw a whole year: before that it merely tells the date."""
    columns = [
        feature("created_weekday", "weekday", "creation on a {value}", BLOCK),
        feature("created_hour", "hour", "creation between {value}", BLOCK),
        feature("as_of_weekday", "weekday", "today being a {value}", BLOCK),
        feature("days_to_month_end", "calendar days", "the end of the month in {value}", BLOCK),
        feature("days_to_quarter_end", "calendar days", "the end of the quarter in {value}", BLOCK),
    ]
    if whole_year:
        columns.append(feature("as_of_month", "month", "the month of {value}", BLOCK))
    return tuple(columns)


@lru_cache(maxsize=64)
def offsets_of(zone: ZoneInfo) -> tuple[Ints, Ints]:
    """The zone's UTC offsets from 1900 to 2100: starts_us (n,), and offsets_us (n,) valid from each start on."""
    starts, offsets = [np.iinfo(np.int64).min], [_offset(_FIRST, zone)]
    at = _FIRST
    while at < _LAST:
        after = at + _STEP
        if _offset(after, zone) != offsets[-1]:
            seconds = range(int(_STEP.total_seconds()))
            change = bisect_left(
                seconds, True, key=lambda s: _offset(at + timedelta(seconds=s), zone) != offsets[-1]
            )
            changed_at = at + timedelta(seconds=change)
            starts.append((changed_at - _EPOCH) // MICROSECOND)
            offsets.append(_offset(changed_at, zone))
        at = after
    return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // MICROSECOND


def local_us(instants_us: Ints, zone: ZoneInfo) -> Ints:
    """Local time of each instant (n,), in microseconds since 1970-01-01T00:00 local."""
    starts, offsets = offsets_of(zone)
    return np.asarray(
        instants_us + offsets[starts.searchsorted(instants_us, side="right") - 1], dtype=np.int64
    )


def weekday_and_week(instants_us: Floats, zone: ZoneInfo) -> tuple[Floats, Floats]:
    """Weekday (n,) from Monday = 0, and week (n,) as days since 1 January // 7 + 1, both local; NaN of NaN."""
    out = np.empty((2, len(instants_us)))
    week_rows(out, instants_us, *offsets_of(zone))
    return out[0], out[1]


def fill(rows: Rows, at: int, created_us: Ints, zone: ZoneInfo, whole_year: bool) -> None:
    """Writes the block from column `at`; created_us (n,) is of the rows' leads, whole_year adds the month."""
    calendar_rows(rows.out, at, int(whole_year), created_us, rows.as_of_us, *offsets_of(zone))


@compiled()
def _local(instant: int, starts: Ints, offsets: Ints) -> int:
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        if starts[middle] <= instant:
            low = middle
        else:
            high = middle
    return int(instant + offsets[low])


@compiled()
def _civil(days: int, date: Ints) -> None:
    """Year, month and day of a day number since 1970 (Hinnant, chrono-compatible low-level date algorithms)."""
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
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468


@compiled(types.void(OUT, types.int64, types.int64, I64, I64, I64, I64))
def calendar_rows(
    out: Floats, at: int, with_month: int, created: Ints, as_of: Ints, starts: Ints, offsets: Ints
) -> None:
    """Writes the columns of the block: those of the creation, then those of as_of."""
    date = np.empty(3, dtype=np.int64)
    for i in range(len(as_of)):
        born = _local(created[i], starts, offsets)
        now = _local(as_of[i], starts, offsets)
        today = now // DAY_US
        out[i, at + CREATED_WEEKDAY] = (born // DAY_US + THURSDAY) % 7
        out[i, at + CREATED_HOUR] = born % DAY_US // HOUR_US
        out[i, at + WEEKDAY] = (today + THURSDAY) % 7
        _civil(today, date)
        year, month = date[0], date[1]
        quarter_month = (month - 1) // 3 * 3 + 3
        for c in range(2):
            last = month if c == 0 else quarter_month
            following = _day_number(year + 1, 1, 1) if last == 12 else _day_number(year, last + 1, 1)
            out[i, at + DAYS_TO_MONTH_END + c] = following - 1 - today
        if with_month:
            out[i, at + MONTH] = month


@compiled(types.void(OUT, F64, I64, I64))
def week_rows(out: Floats, instants: Floats, starts: Ints, offsets: Ints) -> None:
    date = np.empty(3, dtype=np.int64)
    for i in range(len(instants)):
        if np.isnan(instants[i]):
            out[0, i] = out[1, i] = np.nan
            continue
        day = _local(int(instants[i]), starts, offsets) // DAY_US
        _civil(day, date)
        out[0, i] = (day + THURSDAY) % 7
        out[1, i] = (day - _day_number(date[0], 1, 1)) // 7 + 1
