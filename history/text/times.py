"""Texts to instants: ISO 8601 dates and date-times as int64 microseconds UTC, one at a time or a million at once."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from history.base.arrays import Bytes, Ints, Mask
from history.base.errors import InvalidInput

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
EARLIEST_US: Final = 631_152_000 * SECOND_US  # 1990-01-01T00:00:00Z
AS_OF_END_US: Final = 7_258_118_400 * SECOND_US  # 2200-01-01T00:00:00Z, the bound of --as-of and of queries
LATEST_US: Final = 253_402_300_800 * SECOND_US - 1  # the last microsecond of the year 9999
LONGEST_TEXT: Final = 40
SHAPES_AT_ONCE: Final = 32

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001
_US: Final = timedelta(microseconds=1)
_FIRST_US: Final = (datetime(1, 1, 1) - _EPOCH) // _US  # noqa: DTZ001
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DIGIT_TO_ZERO: Final = np.array([48 if 48 <= b <= 57 else b for b in range(256)], dtype=np.uint8)
EXPECTED: Final = "an ISO 8601 date or date-time such as 2026-03-01 or 2026-03-01T09:30:00+01:00"


def parse_time(text: str, zone: ZoneInfo) -> int:
    """The instant of an ISO 8601 date or date-time; digits after the microsecond are cut off.

    Without an offset it is in `zone`: in a DST gap the later, in an overlap the first reading; a date is 00:00 there.
    Raises InvalidInput for any other text, such as 03/04/2026, a bare number or a second 60.
    """
    parsed = _read(text.strip(" \t"), zone)
    if parsed is None:
        raise InvalidInput(f"{text!r} is not a time: expected {EXPECTED}.")
    return parsed


def read_as_of(text: str, zone: ZoneInfo) -> int:
    """parse_time of an option or query; raises InvalidInput outside of the years 1990 to 2199 too."""
    us = parse_time(text, zone)
    if not EARLIEST_US <= us < AS_OF_END_US:
        raise InvalidInput(f"{text!r} is not from 1990 to 2199.")
    return us


def parse_times(texts: Sequence[str], zone: ZoneInfo) -> tuple[Ints, Mask]:
    """parse_time of each text: instants (n,), 0 for a text that is not a time, and the mask of times (n,)."""
    encoded = [text.strip(" \t").encode("utf-8", "replace") for text in texts]
    # A blank row is not a time: one long text must not make every row as wide.
    encoded = [b"" if len(text) > LONGEST_TEXT else text for text in encoded]
    width = max(map(len, encoded), default=1) or 1
    padded = b"".join(text.ljust(width) for text in encoded)
    return parse_matrix(np.frombuffer(padded, dtype=np.uint8).reshape(len(encoded), width), zone)


_MINUTES: Final = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440)]
_SECONDS: Final = [f":{second:02}" for second in range(60)]


def read_rfc_3339(text: str) -> int | None:
    """The instant of an RFC 3339 time, which carries an offset; None for any other text."""
    return _read(text, ZoneInfo("UTC")) if _RFC_3339.fullmatch(text) else None


def format_time(us: int) -> str:
    """'YYYY-MM-DDTHH:MM:SS[.ffffff]Z', which parse_time reads back exactly."""
    seconds, fraction = divmod(int(us), SECOND_US)
    day, second = divmod(seconds, 86_400)
    if fraction:
        return f"{_day_text(day)}T{_MINUTES[second // 60]}{_SECONDS[second % 60]}.{fraction:06}Z"
    return f"{_day_text(day)}T{_MINUTES[second // 60]}{_SECONDS[second % 60]}Z"


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    """The date so many days after 1970: a timeline has few, and their texts are a third of its time."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def parse_matrix(texts: Bytes, zone: ZoneInfo) -> tuple[Ints, Mask]:
    """parse_time of every row of ASCII bytes (n, width), padded with spaces on the right; as parse_times.

    Rows of one shape (digits apart) are read together by columns; past SHAPES_AT_ONCE shapes rows are read one by one.
    """
    n, width = texts.shape
    result, is_time = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    shapes = np.ascontiguousarray(_DIGIT_TO_ZERO[texts]).view(f"S{width}").ravel()
    rows = np.flatnonzero(texts[:, 0] != 32)
    for _ in range(SHAPES_AT_ONCE):
        if not len(rows):
            return result, is_time
        shape = shapes[rows[0]]
        same = shapes[rows] == shape
        group = rows[same]
        layout = _ISO.fullmatch(bytes(shape).decode("latin-1").rstrip(" "))
        if layout:
            result[group], is_time[group] = _read_group(
                texts if len(group) == n else texts[group], layout, zone
            )
        rows = rows[~same]
    for row in rows.tolist():
        parsed = _read(texts[row].tobytes().decode("latin-1").rstrip(" "), zone)
        result[row], is_time[row] = (0, False) if parsed is None else (parsed, True)
    return result, is_time


def parse_alike(texts: Bytes, shape: str, zone: ZoneInfo) -> tuple[Ints, Mask]:
    """parse_time of every row of ASCII bytes (n, width) that are all of one shape: a time with 0 for each digit."""
    layout = _ISO.fullmatch(shape)
    if layout is None:
        raise ValueError(f"{shape!r} is no shape of a time")
    return _read_group(texts, layout, zone)


def from_local(local_us: Ints, zone: ZoneInfo) -> Ints:
    """UTC instants of wall-clock microseconds in `zone`; in a DST gap the later, in an overlap the first reading."""
    if zone.key == "UTC" or not len(local_us):
        return local_us
    days, inverse = np.unique(local_us // DAY_US, return_inverse=True)
    rules = [_day_offsets(int(day), zone) for day in days]
    before, after, change = (np.array(column, dtype=np.int64)[inverse] for column in zip(*rules, strict=True))
    return np.asarray(local_us - np.where(local_us < change, before, after), dtype=np.int64)


def day_ends(us: Ints, zone: ZoneInfo) -> Ints:
    """The last microsecond of each instant's day in `zone` (n,)."""
    if zone.key == "UTC":
        return us // DAY_US * DAY_US + DAY_US - 1
    instants, inverse = np.unique(us, return_inverse=True)
    walls = [(_EPOCH.replace(tzinfo=UTC) + at * _US).astimezone(zone) for at in instants.tolist()]
    next_day = [(wall.date() - _EPOCH.date()).days + 1 for wall in walls]
    ends = from_local(np.array(next_day, dtype=np.int64) * DAY_US, zone) - 1
    return np.asarray(ends[inverse], dtype=np.int64)


def next_month(start_us: Ints, zone: ZoneInfo) -> Ints:
    """One calendar month after each instant, same day and time in `zone`, or the last day of a short month."""
    ends = []
    for us in start_us.tolist():
        wall = (_EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None)
        year, month = wall.year + wall.month // 12, wall.month % 12 + 1
        last = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day  # noqa: DTZ001
        moved = wall.replace(year=year, month=month, day=min(wall.day, last))
        ends.append((moved - _EPOCH) // _US)
    return from_local(np.array(ends, dtype=np.int64), zone)


@lru_cache(maxsize=65_536)
def _day_offsets(day: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """Offsets at the start and the end of a wall-clock day since 1970, and the wall-clock microsecond of the change."""
    start = day * DAY_US
    low, high = start, start + DAY_US
    before, after = _offset(low, zone), _offset(high, zone)
    if before == after:
        return before, after, low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return before, after, high


def _offset(local_us: int, zone: ZoneInfo) -> int:
    """The first reading's offset from UTC; outside years 1 to 9999 that of the nearest day within."""
    if local_us > LATEST_US:
        wall = datetime(9999, 12, 31)  # noqa: DTZ001
    else:
        wall = _EPOCH + timedelta(microseconds=max(local_us, _FIRST_US))
    offset = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
    return offset // _US


def _read(text: str, zone: ZoneInfo) -> int | None:
    layout = _ISO.fullmatch(text)
    if layout is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper().replace(",", "."))
    except ValueError:
        return None
    if layout["zone"] is not None:
        return (moment - _EPOCH.replace(tzinfo=UTC)) // _US
    local = (moment - _EPOCH) // _US
    return local - _offset(local, zone)


def _read_group(texts: Bytes, layout: re.Match[str], zone: ZoneInfo) -> tuple[Ints, Mask]:
    """The instants of rows of one valid shape, and the mask of those that exist in the calendar."""

    def digits(start: int, stop: int) -> Ints:
        total = np.zeros(len(texts), dtype=np.int64)
        for column in range(start, stop):
            total = total * 10 + (texts[:, column] - 48)
        return total

    shape = layout.string
    us, good = day_starts(digits(0, 4), digits(5, 7), digits(8, 10))
    end = layout.start("zone") if layout["zone"] is not None else len(shape)
    if end > 10:
        hour, minute = digits(11, 13), digits(14, 16)
        us += hour * HOUR_US + minute * 60 * SECOND_US
        good &= (hour <= 23) & (minute <= 59)
    if end > 16:
        second = digits(17, 19)
        us += second * SECOND_US
        good &= second <= 59
    if end > 20:
        last = min(end, 26)  # digits after the microsecond are cut off
        us += digits(20, last) * 10 ** (26 - last)
    if layout["zone"] is None:
        return from_local(np.where(good, us, 0), zone), good
    if layout["zone"] not in "Zz":
        hours, minutes = digits(end + 1, end + 3), digits(len(shape) - 2, len(shape))
        if len(shape) == end + 3:
            minutes = np.zeros_like(hours)
        good &= (hours <= 23) & (minutes <= 59)
        us -= (hours * HOUR_US + minutes * 60 * SECOND_US) * np.where(texts[:, end] == ord("-"), -1, 1)
    return np.where(good, us, 0), good


def day_starts(year: Ints, month: Ints, day: Ints) -> tuple[Ints, Mask]:
    """Microseconds since 1970 to the start of each civil day (n,), and the mask of days that exist."""
    good = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    good &= first + day - 1 < following
    return (first + day - 1) * DAY_US, good
