"""A worker's current outages of its store: shown by /readyz, each change logged once."""

import logging
import time
from collections.abc import Callable
from typing import Literal

from serving.base.json_logs import LOGGER
from serving.store.errors import StoreSlow, StoreUnavailable

Operation = Literal["read", "written"]
# Seconds without a failure before a success ends an outage: one table may be locked while others are read.
QUIET_S = 2.0


class OutageState:
    """The current outages by operation, with their reasons; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.reasons: dict[Operation, str] = {}
        self._failed_at: dict[Operation, float] = {}
        self._clock = clock

    def failed(self, operation: Operation, outage: StoreUnavailable) -> StoreUnavailable:
        """Records the outage and returns it, to be raised."""
        self._record(operation, outage.reason)
        return outage

    def timed_out(self, operation: Operation) -> StoreSlow:
        """Records a timeout and returns it, to be raised."""
        outage = StoreSlow()
        self._record(operation, outage.reason)
        return outage

    def succeeded(self, operation: Operation) -> None:
        """Ends the operation's outage if its last failure is QUIET_S ago."""
        # Called after every request: without an outage it costs one look at an empty dict.
        if self.reasons and operation in self.reasons:
            if self._clock() - self._failed_at[operation] < QUIET_S:
                return
            del self.reasons[operation]
            LOGGER.info(f"the store can be {operation} again")

    def description(self) -> str | None:
        """All current outages in one line; None without any."""
        return "; ".join(f"cannot be {operation}: {why}" for operation, why in self.reasons.items()) or None

    def _record(self, operation: Operation, reason: str) -> None:
        self._failed_at[operation] = self._clock()
        if self.reasons.get(operation) != reason:
            self.reasons[operation] = reason
            fields = {"reason": reason}
            LOGGER.log(logging.ERROR, f"the store cannot be {operation}", extra={"fields": fields})
