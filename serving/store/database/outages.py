"""Errors of the database layer -> StoreUnavailable, without values of rows or parts of the address."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.store.errors import LONG_RETRY_SECONDS, DiskFull, StoreUnavailable

# SQLSTATE codes of PostgreSQL.
DISK_FULL = "53100"
UNUSABLE = frozenset(
    {
        "25006",  # read_only_sql_transaction: a reader, or a server that became a standby
        "3F000",  # invalid_schema_name
        "42501",  # insufficient_privilege: a right was revoked, or the server's disk is read-only
        "42P01",  # undefined_table: the tables were dropped, or are being restored
    }
)
SERVER_FAULT = "XX"  # class of internal_error, data_corrupted and index_corrupted

_OUTAGES = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    OSError,
    sqlite3.OperationalError,
    sqlite3.InterfaceError,
)
_CONNECTION_REFUSED = re.compile(
    r"connection (?:failed|is bad): (?:connection to server .*? failed: )?(?:FATAL:\s+)?(.*)"
)
_QUOTED_NAME = re.compile(r'\s*"[^"]*"')


@contextmanager
def outages() -> Iterator[None]:
    """Raises StoreUnavailable for outages of the database layer inside the block."""
    try:
        yield
    except Exception as error:
        outage = as_outage(error)
        if outage is None or outage is error:
            raise
        raise outage from error


def as_outage(error: BaseException) -> StoreUnavailable | None:
    """The outage behind an exception of the database layer; None for a bug of ours."""
    if isinstance(error, StoreUnavailable):
        return error
    if is_full(error):
        return DiskFull("the disk of the store is full: free some space")
    original = getattr(error, "orig", None) or error
    if is_damaged(error):
        return StoreUnavailable(
            f"the store is damaged ({database_message(original)}): "
            "stop the service, move its files away, then run `leadcast restore` with a backup",
            LONG_RETRY_SECONDS,
        )
    if is_outage(error):
        return StoreUnavailable(f"the store's database cannot be used now: {database_message(original)}")
    return None


def is_full(error: BaseException) -> bool:
    """True for SQLITE_FULL and for PostgreSQL's disk_full, however wrapped."""
    return "database or disk is full" in str(getattr(error, "orig", error)) or _sqlstate(error) == DISK_FULL


def is_damaged(error: BaseException) -> bool:
    """True for SQLITE_CORRUPT and SQLITE_NOTADB, the only errors that sqlite3 raises as plain DatabaseError."""
    return type(getattr(error, "orig", None) or error) is sqlite3.DatabaseError


def is_outage(error: BaseException) -> bool:
    """True if the database could not be reached or used; False if a statement of ours is wrong."""
    state = _sqlstate(error)
    if state in UNUSABLE or state.startswith(SERVER_FAULT):
        return True
    if isinstance(error, ProgrammingError):
        return False
    lost_connection = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost_connection or isinstance(error, _OUTAGES) or _is_outage_of_server(error)


def _is_outage_of_server(error: BaseException) -> bool:
    """True for those that PostgreSQL's driver raises below SQLAlchemy; it is loaded only if it is used."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.OperationalError | driver.InterfaceError)


def _sqlstate(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""


def database_message(original: BaseException) -> str:
    """The database's or client library's message without quoted names; else the type of the error.

    Such messages hold no rows, but may quote a part of the URL: a password with odd characters can be parsed as a
    host name.
    """
    message = getattr(getattr(original, "diag", None), "message_primary", None)
    if message is None:
        message = _client_message(original)
    return _QUOTED_NAME.sub("", message).strip() or type(original).__name__


def _client_message(original: BaseException) -> str:
    """The message of an error that did not come from a server; empty for an unknown form."""
    text = str(original)
    if isinstance(original, sqlite3.Error):
        return text
    if text.startswith("failed to resolve host"):
        return "its host name is not known"
    refused = _CONNECTION_REFUSED.match(text)
    return refused[1] if refused else ""
