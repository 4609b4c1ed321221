"""The times of request records: RFC 3339 texts of one shape read all at once."""

from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Ints
from history.base.compiled import OUT_I64, compiled
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
_SECONDS: Final = len("0000-00-00T00:00:00Z")
_BYTES: Final = types.Array(types.uint8, 1, "C", readonly=True)
_ZULU: Final = frozenset(f"0000-00-00T{clock}Z".encode() for clock in _CLOCK[:7])


def instants(texts: list[str]) -> Ints:
    """The instants of RFC 3339 times (n,); ValueError for any other text and for times before 1990 or after 9999."""
    if not texts:
        return np.zeros(0, dtype=np.int64)
    joined = "\n".join(texts)
    us = _whole_seconds(joined, len(texts))
    if us is None:
        us = _of_any_shape(joined)
    if len(us) != len(texts):
        raise ValueError("a text of several lines")
    if us.min() < EARLIEST_US or us.max() > LATEST_US:
        raise ValueError("a time before 1990 or after 9999")
    return us


def _whole_seconds(joined: str, count: int) -> Ints | None:
    """The instants of lines of the form 2026-01-31T09:30:00Z; None if one has another form."""
    if len(joined) != count * (_SECONDS + 1) - 1 or not joined.isascii():
        return None
    us = np.empty(count, dtype=np.int64)
    return us if _read_seconds(np.frombuffer(joined.encode(), dtype=np.uint8), us) else None


def _of_any_shape(joined: str) -> Ints:
    shapes = set(joined.encode().translate(_DIGIT_TO_ZERO).split(b"\n"))
    if shapes <= _ZULU:
        return np.array(joined[:-1].split("Z\n"), dtype="datetime64[us]").view(np.int64)
    if shapes <= _RFC_3339:
        since = [datetime.fromisoformat(text) - _EPOCH for text in joined.upper().split("\n")]
        return np.array(
            [d.days * DAY_US + d.seconds * SECOND_US + d.microseconds for d in since], dtype=np.int64
        )
    raise ValueError("a time that is not RFC 3339")


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


@compiled(types.boolean(_BYTES, OUT_I64))
def _read_seconds(text: npt.NDArray[np.uint8], out: Ints) -> bool:
    for i in range(len(out)):
        at = 21 * i
        if i and text[at - 1] != 10:
            return False
        if text[at + 4] != 45 or text[at + 7] != 45 or text[at + 10] != 84:
            return False
        if text[at + 13] != 58 or text[at + 16] != 58 or text[at + 19] != 90:
            return False
        day = _days(_number(text, at, at + 4), _number(text, at + 5, at + 7), _number(text, at + 8, at + 10))
        hour, minute = _number(text, at + 11, at + 13), _number(text, at + 14, at + 16)
        second = _number(text, at + 17, at + 19)
        if day < -1_000_000 or min(hour, minute, second) < 0 or hour > 23 or minute > 59 or second > 59:
            return False
        out[i] = ((day * 24 + hour) * 60 + minute) * 60 * 1_000_000 + second * 1_000_000
    return True
