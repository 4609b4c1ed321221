"""Rate limit per key: a token bucket shared by all workers of a service."""

import fcntl
import math
import mmap
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serving.base.problems import Problem
from serving.base.settings import ApiKey

_BUCKET = struct.Struct("<dd")  # tokens in use, and the second of that count
_FILE = "rate_limit"


@dataclass(frozen=True)
class _Buckets:
    """Memory of all buckets, and the file to lock while one changes (None: memory of this process only)."""

    memory: mmap.mmap
    file: int | None


class RateLimit:
    """A bucket of tokens per key: `rate` tokens a second flow in, at most one second's worth (at least one) pile up.

    The buckets lie in a file of `folder` that all workers map, without a folder in this process's memory. `clock`
    counts seconds and is the same for all processes.
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
        self._places = {key.digest: number * _BUCKET.size for number, key in enumerate(keys, start=1)}
        self._buckets = _map(folder, (len(keys) + 1) * _BUCKET.size)

    def take(self, key: ApiKey | None) -> None:
        """Takes a token of this key (without keys: of all clients); raises Problem 429 with the seconds to wait."""
        place = self._places[key.digest] if key else 0
        now = self.clock()
        buckets = self._buckets
        if buckets.file is not None:
            fcntl.lockf(buckets.file, fcntl.LOCK_EX)
        try:
            used, since = _BUCKET.unpack_from(buckets.memory, place)
            used = max(0.0, used - max(0.0, now - since) * self.rate) + 1.0
            if used <= self.depth:
                _BUCKET.pack_into(buckets.memory, place, used, now)
        finally:
            if buckets.file is not None:
                fcntl.lockf(buckets.file, fcntl.LOCK_UN)
        if used > self.depth:
            raise _exceeded((used - self.depth) / self.rate)


def _map(folder: Path | None, size: int) -> _Buckets:
    if folder is None:
        return _Buckets(mmap.mmap(-1, size), None)
    file = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(file, size)
    return _Buckets(mmap.mmap(file, size), file)


def _exceeded(wait_seconds: float) -> Problem:
    detail = "More requests a second than LEADCAST_RATE_LIMIT allows for this key."
    retry_after = str(max(1, math.ceil(wait_seconds)))
    return Problem(429, "rate-limited", detail, headers={"Retry-After": retry_after})
