"""Cursors of paged results: a key as opaque text."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from serving.store.errors import InvalidCursor

LARGEST_NUMBER = 2**62  # a larger one would overflow the databases' 64-bit integers


def write_cursor(*parts: Any) -> str:
    """An opaque text for a key; read_cursor reverses it."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(text: str, types: Sequence[type]) -> tuple[Any, ...]:
    """The parts of a cursor, one of each type (str, int or float). Raises InvalidCursor for any other text."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise InvalidCursor from None
    if type(parts) is not list or len(parts) != len(types):
        raise InvalidCursor
    if not all(_has_type(part, expected) for part, expected in zip(parts, types, strict=True)):
        raise InvalidCursor
    return tuple(parts)


def _has_type(part: Any, expected: type) -> bool:
    if expected is str:
        return type(part) is str
    is_number = type(part) is int or (expected is float and type(part) is float)
    return is_number and -LARGEST_NUMBER <= part <= LARGEST_NUMBER
