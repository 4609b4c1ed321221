"""Times in query strings."""

import re
from zoneinfo import ZoneInfo

from history.errors import InvalidInput
from history.times import AS_OF_END_US, EARLIEST_US, parse_time

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
