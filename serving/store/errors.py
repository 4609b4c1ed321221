"""What can go wrong with the store that is not the caller's fault, and how long to wait before trying again."""

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from history.errors import InvalidInput
from serving.base.json_logs import LOGGER

RETRY_AFTER_SECONDS = 2
LONG_RETRY_SECONDS = 30  # where somebody has to do something first
DISK_FULL = "53100"
UNUSABLE = frozenset(
    {
        "25006",  # read_only_sql_transaction: a reader, or a server that became a standby
        "3F000",  # invalid_schema_name
        "42501",  # insufficient_privilege: a right was taken away, or the server's disk is read-only
        "42P01",  # undefined_table: the tables were dropped, or are being restored
    }
)
SERVER_FAULT = "XX"  # the class of internal_error, data_corrupted and index_corrupted
_REFUSED = re.compile(
    r"connection (?:failed|is bad): (?:connection to server .*? failed: )?(?:FATAL:\s+)?(.*)"
)
_NAME = re.compile(r'\s*"[^"]*"')

_OUTAGES = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    OSError,
    sqlite3.OperationalError,
    sqlite3.InterfaceError,
)


class StoreUnavailable(Exception):
    """Nothing was stored: the database is gone, locked or full, or too much waits; the message is for operators."""

    def __init__(self, reason: str, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class DiskFull(StoreUnavailable):
    """Writes are refused until space is freed; reading and scoring go on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, LONG_RETRY_SECONDS)


class StoreUnfit(StoreUnavailable, InvalidInput):
    """The database answers but cannot be the store of this Leadcast; a command refuses it, the service waits."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, LONG_RETRY_SECONDS)


class StoreSlow(StoreUnavailable):
    """The database did not answer in time; a requested write may still be committed."""

    def __init__(self) -> None:
        super().__init__("it did not answer in time")


class ReportRefused(Exception):
    """The options of a funnel or forecast contradict each other or the data; one message each."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class ReportsBusy(Exception):
    """Too many funnels and forecasts wait to be computed."""


class ReportSlow(Exception):
    """A funnel or forecast is still being computed after the longest wait of a request."""


def is_full(error: BaseException) -> bool:
    """True for SQLITE_FULL and for PostgreSQL's disk_full, in any wrapping."""
    return "database or disk is full" in str(getattr(error, "orig", error)) or _sqlstate(error) == DISK_FULL


def is_damaged(error: BaseException) -> bool:
    """True for SQLITE_CORRUPT and SQLITE_NOTADB, which alone are a DatabaseError of no narrower kind there."""
    return type(getattr(error, "orig", None) or error) is sqlite3.DatabaseError


def is_outage(error: BaseException) -> bool:
    """True where the database could not be reached or used; False where our own statement is wrong."""
    state = _sqlstate(error)
    if state in UNUSABLE or state.startswith(SERVER_FAULT):
        return True
    if isinstance(error, ProgrammingError):
        return False
    return (isinstance(error, DBAPIError) and error.connection_invalidated) or isinstance(error, _OUTAGES)


def _sqlstate(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def translated(error: BaseException) -> StoreUnavailable | None:
    """The outage behind an exception of the database layer, without any value of a statement; None for a bug."""
    if isinstance(error, StoreUnavailable):
        return error
    if is_full(error):
        return DiskFull("the disk of the store is full: free some space")
    if is_damaged(error):
        return StoreUnavailable(
            f"the store is damaged ({told(getattr(error, 'orig', None) or error)}): "
            "end the service, move its files away, then `leadcast restore` a backup",
            LONG_RETRY_SECONDS,
        )
    if is_outage(error):
        return StoreUnavailable(
            f"the store's database cannot be used now: {told(getattr(error, 'orig', None) or error)}"
        )
    return None


def told(original: BaseException) -> str:
    """What the database or its client says of an outage, without the names that it quotes; else the error's type.

    Such messages hold no rows. A part of the URL they may quote: a password with odd characters can pass for a host.
    """
    text = getattr(getattr(original, "diag", None), "message_primary", None)
    if text is None and isinstance(original, sqlite3.Error):
        text = str(original)
    elif text is None and str(original).startswith("failed to resolve host"):
        text = "its host name is not known"
    elif text is None and (found := _REFUSED.match(str(original))):
        text = found[1]
    return _NAME.sub("", text or "").strip() or type(original).__name__


@contextmanager
def outages() -> Iterator[None]:
    """Turns the database layer's outages into StoreUnavailable."""
    try:
        yield
    except Exception as error:
        outage = translated(error)
        if outage is None or outage is error:
            raise
        raise outage from error


Doing = Literal["read", "written"]
QUIET_S = 2.0  # without a failure before what works is told: one table may be locked while others are read


class Trouble:
    """A worker's outages of its store, for operators: /readyz shows them, the log has a line for each change.

    clock counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.reasons: dict[Doing, str] = {}
        self._failed: dict[Doing, float] = {}
        self._clock = clock

    def failed(self, doing: Doing, outage: StoreUnavailable) -> StoreUnavailable:
        """Records the outage and returns it, to be raised."""
        self._note(doing, outage.reason)
        return outage

    def slow(self, doing: Doing) -> StoreSlow:
        """Records a timeout and returns it, to be raised."""
        outage = StoreSlow()
        self._note(doing, outage.reason)
        return outage

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
