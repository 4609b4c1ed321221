"""Times of requests: instants in query strings, and row times in bodies."""

import re
from zoneinfo import ZoneInfo

from history.base.errors import InvalidInput
from history.text.times import AS_OF_END_US, EARLIEST_US, parse_time, read_rfc_3339

FORM = "expected a time from 1990 to 2199 such as 2026-01-31T09:30:00Z, or a date such as 2026-01-31"
_SPACE_FOR_PLUS = re.compile(r"(T\d\d:\d\d\S*) (\d\d:?\d\d)$", re.IGNORECASE)


class InvalidInstant(ValueError):
    """The value of the query key `key` is not a time within the allowed range."""

    def __init__(self, key: str) -> None:
        super().__init__(FORM)
        self.key = key


def read_instant(text: str, zone: ZoneInfo, key: str = "as_of") -> int:
    """Microseconds UTC of an RFC 3339 time, or of a date (its start) or time in `zone`; raises InvalidInstant.

    An unescaped + of an offset arrives as a space (URL form encoding) and is read as the plus.
    """
    try:
        instant_us = parse_time(_SPACE_FOR_PLUS.sub(r"\1+\2", text), zone)
    except InvalidInput:
        raise InvalidInstant(key) from None
    if not EARLIEST_US <= instant_us < AS_OF_END_US:
        raise InvalidInstant(key)
    return instant_us


class InvalidRowTime(ValueError):
    """The time of a row is not RFC 3339 with an offset, or before 1990; the message says which."""


def read_row_time(text: str) -> int:
    """Microseconds UTC of a row's RFC 3339 time with an offset, from 1990 on; raises InvalidRowTime."""
    time_us = read_rfc_3339(text)
    if time_us is None:
        raise InvalidRowTime("expected an RFC 3339 time with an offset or Z")
    if time_us < EARLIEST_US:
        raise InvalidRowTime("the time is before 1990")
    return time_us
