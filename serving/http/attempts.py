"""Limit of failed sign-ins per address, in the memory of one worker."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from serving.base.problems import Problem

FAILURES_AT_ONCE = 10
SECONDS_PER_FAILURE = 10.0  # after the first ones
MAX_ADDRESSES = 10_000


class Attempts:
    """A bucket of failures per address that leaks one every `SECONDS_PER_FAILURE`. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # failures, and the second of that count

    def check(self, address: str) -> None:
        """Raises Problem 429 if too many attempts from this address failed, whether or not the next one would."""
        failures = self._failures(address)
        if failures > FAILURES_AT_ONCE - 1:
            wait = math.ceil((failures - FAILURES_AT_ONCE + 1) * SECONDS_PER_FAILURE)
            detail = "Too many sign-ins failed; wait a little and try again."
            raise Problem(429, "too-many-attempts", detail, headers={"Retry-After": str(max(1, wait))})

    def count_failure(self, address: str) -> None:
        """Counts a failed attempt; the address seen longest ago is forgotten beyond MAX_ADDRESSES."""
        failures = self._failures(address)
        self._buckets[address] = (failures + 1, self.clock())
        self._buckets.move_to_end(address)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)

    def _failures(self, address: str) -> float:
        failures, since = self._buckets.get(address, (0.0, 0.0))
        return max(0.0, failures - (self.clock() - since) / SECONDS_PER_FAILURE)
