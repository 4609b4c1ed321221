"""What can go wrong with the store that is not the caller's fault, and how long to wait before trying again."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.problems import Problem, unavailable

RETRY_AFTER_SECONDS = 2
READ_ONLY = "25006"  # PostgreSQL's read_only_sql_transaction: a reader, or a server that became a standby

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
        super().__init__(reason, retry_after=30)


def outage_problem(outage: StoreUnavailable) -> Problem:
    """503 with how long to wait; says what kind of outage, nothing of the request."""
    code = "disk-full" if isinstance(outage, DiskFull) else "store-unavailable"
    detail = "The store cannot be written or read now; nothing was stored. Send it again."
    return unavailable(code, detail, outage.retry_after)


def is_full(error: BaseException) -> bool:
    """True for SQLITE_FULL and for PostgreSQL's disk_full, in any wrapping."""
    text = str(getattr(error, "orig", error))
    return (
        "database or disk is full" in text or getattr(getattr(error, "orig", None), "sqlstate", "") == "53100"
    )


def is_outage(error: BaseException) -> bool:
    """True where the database could not be reached or used; False where our own statement is wrong."""
    if isinstance(error, ProgrammingError):
        return False
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    read_only = getattr(getattr(error, "orig", None), "sqlstate", "") == READ_ONLY
    return broken or read_only or isinstance(error, _OUTAGES)


def translated(error: BaseException) -> StoreUnavailable | None:
    """The outage behind an exception of the database layer, without any value of a statement; None for a bug."""
    if isinstance(error, StoreUnavailable):
        return error
    if is_full(error):
        return DiskFull("the disk of the store is full: free some space")
    if is_outage(error):
        original = getattr(error, "orig", None) or error
        return StoreUnavailable(f"the store's database does not answer ({type(original).__name__})")
    return None


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
