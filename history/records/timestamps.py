"""The times of request records: RFC 3339 texts read all at once."""

from datetime import UTC, datetime
from typing import Final

import numpy as np

from history.base.arrays import Ints
from history.records.column_kernel import read_lines
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


def instants(texts: list[str]) -> Ints:
    """The instants of RFC 3339 times (n,); ValueError for any other text and for times before 1990 or after 9999."""
    if not texts:
        return np.zeros(0, dtype=np.int64)
    joined = "\n".join(texts)
    us = np.empty(len(texts), dtype=np.int64)
    if read_lines(np.frombuffer(joined.encode(), dtype=np.uint8), us):
        return us
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
