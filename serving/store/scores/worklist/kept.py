"""Figures of the worklist that one process keeps until the stored scores change."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from serving.store.database.transaction import read_setting
from serving.store.leads.leads import ERASURES
from serving.store.scores.saved import ACTS, VERSION

VALID_US: Final = 5_000_000  # of a kept figure; attention changes with time alone
# Figures of a store with so many leads stay for a while although scores changed: they change all the time, and each
# page of 100,000 leads would add them all up again. What people do to leads and erasures show at once.
LARGE_STORE: Final = 20_000
HELD_US: Final = 2_000_000
MOST_FIGURES: Final = 256
Value = TypeVar("Value")


class Versions(NamedTuple):
    """Counters: of leads, of changes of scores, of what people did, and of erasures."""

    leads: str | None
    scores: str | None
    acts: str | None
    erasures: str | None


def versions_now(connection: Connection) -> Versions:
    """The counters that a connection sees."""
    return Versions(*(read_setting(connection, name) for name in ("lead_no", VERSION, ACTS, ERASURES)))


class _Kept(NamedTuple):
    versions: Versions
    made_us: int
    value: Any


class KeptFigures:
    """The last `most` figures by their key."""

    def __init__(self, most: int = MOST_FIGURES) -> None:
        self._most = most
        self._figures: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, versions: Versions, now_us: int, make: Callable[[], Value]) -> Value:
        """The kept value if no stored score changed since, and not much time passed; else a new one."""
        with self._lock:
            kept = self._figures.get(key)
        if kept is not None and _is_valid(kept, versions, now_us):
            value: Value = kept.value
            return value
        value = make()
        with self._lock:
            self._figures[key] = _Kept(versions, now_us, value)
            self._figures.move_to_end(key)
            while len(self._figures) > self._most:
                self._figures.popitem(last=False)
        return value


def _is_valid(kept: _Kept, versions: Versions, now_us: int) -> bool:
    age_us = now_us - kept.made_us
    if not 0 <= age_us < VALID_US or kept.versions[2:] != versions[2:]:
        return False
    is_held = age_us < HELD_US and int(versions.leads or 0) > LARGE_STORE
    return is_held or kept.versions.scores == versions.scores
