"""The event record: passed from the API, which reads it, to the store, which keeps it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

KEY_BYTES = 16


def event_key(event_id: str) -> bytes:
    """The digest under which an event_id is remembered."""
    return blake2b(event_id.encode(), digest_size=KEY_BYTES).digest()


@dataclass(frozen=True)
class EventProblem:
    """One reason to reject an event; `path` locates it inside the event."""

    code: str
    path: tuple[str | int, ...]
    message: str


@dataclass(frozen=True)
class Event:
    """A valid event as rows of one table (row numbers and times are added by the store), or its problems.

    key is the digest of event_id, None if the id itself is invalid; occurred_us is microseconds UTC.
    """

    key: bytes | None
    event_id: str = ""
    lead_id: str = ""
    occurred_us: int = 0
    table: str = ""
    rows: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[EventProblem] = ()


@dataclass(frozen=True)
class RejectedEvent:
    """An event that was not stored: its position in the request and every reason."""

    index: int
    problems: Sequence[EventProblem]
