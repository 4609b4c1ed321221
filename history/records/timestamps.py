"""The times of request records: RFC 3339 texts read all at once."""

from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Ints
from history.base.compiled import I64_2D, OUT_I64, compiled
from history.text.times import DAY_US, EARLIEST_US, LATEST_US, SECOND_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGIT_TO_ZERO: Final = bytes(48 if 48 <= b <= 57 else b for b in range(256))
_CLOCK: Final = [f"00:00:00{fraction}" for fraction in ("", *("." + "0" * n for n in range(1, 10)))]
_RFC_3339: Final = frozenset(
    f"0000-00-00{mark}{clock}{zone}".encode()
    for mark in "Tt "
    for clock in _CLOCK
    for zone in ("Z", "z", "+00:00", "-00:00")
)
_BYTES: Final = types.Array(types.uint8, 1, "C", readonly=True)
_NO_TIME: Final = -(2**62)
_NEWLINE, _DOT, _DASH, _COLON, _PLUS, _T, _Z = (ord(mark) for mark in "\n.-:+TZ")


def instants(texts: list[str]) -> Ints:
    """The instants of RFC 3339 times (n,); ValueError for any other text and for times before 1990 or after 9999."""
    if not texts:
        return np.zeros(0, dtype=np.int64)
    joined = "\n".join(texts)
    us = np.empty(len(texts), dtype=np.int64)
    if not _read_lines(np.frombuffer(joined.encode(), dtype=np.uint8), us):
        us = _of_any_shape(joined)
    if len(us) != len(texts):
        raise ValueError("a text of several lines")
    if us.min() < EARLIEST_US or us.max() > LATEST_US:
        raise ValueError("a time before 1990 or after 9999")
    return us


def _of_any_shape(joined: str) -> Ints:
    shapes = set(joined.encode().translate(_DIGIT_TO_ZERO).split(b"\n"))
    if not shapes <= _RFC_3339:
        raise ValueError("a time that is not RFC 3339")
    since = [datetime.fromisoformat(text) - _EPOCH for text in joined.upper().split("\n")]
    return np.array([d.days * DAY_US + d.seconds * SECOND_US + d.microseconds for d in since], dtype=np.int64)


@compiled()
def _number(text: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """The number of the digits, below 0 if one of the characters is not a digit."""
    number = 0
    for i in range(begin, end):
        digit = np.int64(text[i]) - 48
        if digit < 0 or digit > 9:
            return -1_000_000
        number = int(10 * number + digit)
    return number


@compiled()
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date, below -1,000,000 if it does not exist (days_from_civil, Howard Hinnant).

    features/calendar.py explains the formula and compiles its own copy: numba's cache of a kernel does not notice a
    change in a function of another file. `test_timestamps.py` holds both to the standard library.
    """
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 28 + leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    if year < 1 or month < 1 or month > 12 or day < 1 or day > longest:
        return -2_000_000
    y = year - 1 if month <= 2 else year
    of_era = y % 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return y // 400 * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled()
def _clock(text: npt.NDArray[np.uint8], at: int) -> int:
    """The seconds of the wall clock 2026-01-31T09:30:00 at this place, `_NO_TIME` for anything else."""
    if text[at + 4] != _DASH or text[at + 7] != _DASH or text[at + 10] != _T:
        return _NO_TIME
    if text[at + 13] != _COLON or text[at + 16] != _COLON:
        return _NO_TIME
    day = _days(_number(text, at, at + 4), _number(text, at + 5, at + 7), _number(text, at + 8, at + 10))
    hour, minute = _number(text, at + 11, at + 13), _number(text, at + 14, at + 16)
    second = _number(text, at + 17, at + 19)
    if day < -1_000_000 or min(hour, minute, second) < 0 or hour > 23 or minute > 59 or second > 59:
        return _NO_TIME
    return int(((day * 24 + hour) * 60 + minute) * 60 + second)


@compiled()
def _offset(text: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """The seconds that a wall clock is ahead of UTC by its zone, `_NO_TIME` for anything else than Z or +01:00."""
    if end - begin == 1 and text[begin] == _Z:
        return 0
    if end - begin != 6 or text[begin + 3] != _COLON or (text[begin] != _PLUS and text[begin] != _DASH):
        return _NO_TIME
    hours, minutes = _number(text, begin + 1, begin + 3), _number(text, begin + 4, begin + 6)
    if min(hours, minutes) < 0 or hours > 23 or minutes > 59:
        return _NO_TIME
    seconds = (hours * 60 + minutes) * 60
    return int(-seconds if text[begin] == _DASH else seconds)


@compiled()
def _instant(text: npt.NDArray[np.uint8], begin: int, end: int) -> int:
    """The instant of a plain time in microseconds, `_NO_TIME` for anything else (see `read_row_times`)."""
    if end - begin < 20:
        return _NO_TIME
    clock, zone, fraction = _clock(text, begin), begin + 19, 0
    if text[zone] == _DOT:
        first = zone + 1
        zone, scale = first, 1_000_000
        while zone < end and 48 <= text[zone] <= 57:
            scale //= 10
            fraction += (int(np.int64(text[zone])) - 48) * scale
            zone += 1
        if zone in (first, end) or zone - first > 6:
            return _NO_TIME
    offset = _offset(text, zone, end)
    if clock == _NO_TIME or offset == _NO_TIME:
        return _NO_TIME
    return int((clock - offset) * 1_000_000 + fraction)


@compiled(types.boolean(_BYTES, OUT_I64))
def _read_lines(text: npt.NDArray[np.uint8], out: Ints) -> bool:
    """Writes the instants of as many plain times as `out` (n,) has places, a line each; False for any other text."""
    begin = 0
    for i in range(len(out)):
        end = begin
        while end < len(text) and text[end] != _NEWLINE:
            end += 1
        out[i] = _instant(text, begin, end)
        if out[i] == _NO_TIME:
            return False
        begin = end + 1
    return begin == len(text) + 1


@compiled(types.boolean(_BYTES, I64_2D, I64_2D, types.int64, types.int64, OUT_I64, OUT_I64))
def read_row_times(
    text: npt.NDArray[np.uint8], begin: Ints, end: Ints, own: int, recorded: int, time_us: Ints, known_us: Ints
) -> bool:  # fmt: skip
    """Writes the own time and the time of knowledge of n rows; False if one is not a plain time from 1990 to 9999.

    begin and end (fields, n or more) are where the fields stand in the text, begin below 0 for none; own and recorded
    are the fields of the times. Plain is 2026-01-31T09:30:00 with at most six digits of a fraction and Z or an offset.
    """
    for i in range(len(time_us)):
        at = _instant(text, begin[own, i], end[own, i])
        known = at if begin[recorded, i] < 0 else _instant(text, begin[recorded, i], end[recorded, i])
        if min(at, known) < EARLIEST_US or max(at, known) > LATEST_US:
            return False
        time_us[i], known_us[i] = at, max(at, known)
    return True
