"""What kept the store from being read or written when it was last tried; the log says when that changes."""

import logging
import time
from collections.abc import Callable
from typing import Literal

from serving.logs import LOGGER
from serving.problems import Problem, unavailable
from serving.store_errors import StoreUnavailable, outage_problem

Doing = Literal["read", "written"]
SLOW = "it did not answer in time"
QUIET_S = 2.0  # without a failure before what works is told: one table may be locked while others are read


class Trouble:
    """A worker's outages of its store, for operators: /readyz shows them, the log has a line for each change.

    clock counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.reasons: dict[Doing, str] = {}
        self._failed: dict[Doing, float] = {}
        self._clock = clock

    def failed(self, doing: Doing, outage: StoreUnavailable) -> Problem:
        """The answer to the request that met the outage."""
        self._note(doing, outage.reason)
        return outage_problem(outage)

    def slow(self, doing: Doing) -> Problem:
        """The answer to a request whose time is over; what it asked to be written may still come about."""
        self._note(doing, SLOW)
        return unavailable("store-slow", "The store did not answer in time; send it again.", 2)

    def worked(self, doing: Doing) -> None:
        if self.reasons and doing in self.reasons and self._clock() - self._failed[doing] >= QUIET_S:
            del self.reasons[doing]
            LOGGER.info(f"the store can be {doing} again")

    def described(self) -> str | None:
        """Every trouble there is, None for none."""
        return "; ".join(f"cannot be {doing}: {why}" for doing, why in self.reasons.items()) or None

    def _note(self, doing: Doing, reason: str) -> None:
        self._failed[doing] = self._clock()
        if self.reasons.get(doing) != reason:
            self.reasons[doing] = reason
            LOGGER.log(logging.ERROR, f"the store cannot be {doing}", extra={"fields": {"reason": reason}})
