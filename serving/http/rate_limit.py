"""Requests a second for each key, counted together by all workers of a service."""

import fcntl
import math
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

from serving.base.problems import Problem
from serving.base.settings import ApiKey

_SLOT = struct.Struct("<dd")
_FILE = "rate_limit"


class RateLimit:
    """A bucket of tokens a key: `rate` a second flow in, and one second's worth (at least one) may pile up.

    The buckets lie in a file of `folder` that all workers map (in this process's memory without one); `clock` counts
    seconds and is the same for all processes.
    """

    def __init__(
        self,
        rate: float,
        keys: tuple[ApiKey, ...],
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self.depth = max(1.0, rate)
        self.clock = clock
        self._slots = {key.digest: i + 1 for i, key in enumerate(keys)}
        self._file, self._memory = _map(folder, (len(keys) + 1) * _SLOT.size)

    def take(self, key: ApiKey | None) -> None:
        """Takes one token of this key (of everybody's without keys); raises Problem 429 with the seconds to wait."""
        place = self._slots[key.digest] * _SLOT.size if key else 0
        now = self.clock()
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            used, since = _SLOT.unpack_from(self._memory, place)
            used = max(0.0, used - max(0.0, now - since) * self.rate) + 1.0
            if used <= self.depth:
                _SLOT.pack_into(self._memory, place, used, now)
        finally:
            if self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        if used > self.depth:
            raise _refusal((used - self.depth) / self.rate)


def _map(folder: Path | None, size: int) -> tuple[int | None, mmap.mmap]:
    if folder is None:
        return None, mmap.mmap(-1, size)
    file = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(file, size)
    return file, mmap.mmap(file, size)


def _refusal(seconds: float) -> Problem:
    detail = "More requests a second than LEADCAST_RATE_LIMIT allows for this key."
    return Problem(429, "rate-limited", detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})
