"""Exceptions of the store. The HTTP layer translates them into problems (serving/api/errors.py)."""

from collections.abc import Sequence

from history.base.errors import InvalidInput

RETRY_AFTER_SECONDS = 2
LONG_RETRY_SECONDS = 30  # an operator has to act first


class StoreUnavailable(Exception):
    """The database is away, locked or full, or too many writes are queued; nothing was stored.

    `reason` is for operators. `retry_after` is in seconds.
    """

    def __init__(self, reason: str, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class DiskFull(StoreUnavailable):
    """Writes are refused until space is freed; reads and scores continue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, LONG_RETRY_SECONDS)


class StoreUnfit(StoreUnavailable, InvalidInput):
    """The database answers but cannot be the store of this version: a command stops, the service waits."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, LONG_RETRY_SECONDS)


class StoreSlow(StoreUnavailable):
    """The database did not answer in time; a requested write may still be committed."""

    def __init__(self) -> None:
        super().__init__("it did not answer in time")


class ReportRefused(Exception):
    """The options of a funnel or forecast contradict each other or the data; one message for each problem."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)


class ReportsBusy(Exception):
    """Too many funnels and forecasts are queued."""


class ReportSlow(Exception):
    """A funnel or forecast is still being computed after the longest wait of a request."""


class ReportPreparing(Exception):
    """A funnel or forecast of a large store that is prepared for the first time."""


class InvalidCursor(ValueError):
    """The cursor was not issued by this query."""
