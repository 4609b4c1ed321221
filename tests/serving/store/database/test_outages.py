"""Errors of the database layer: outages are recognised, and their reasons repeat nothing secret."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import NotSupportedError, OperationalError, ProgrammingError

from serving.store.database.outages import as_outage, database_message
from serving.store.errors import DiskFull, StoreUnavailable

SERVER = 'connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f"connection failed: {SERVER}FATAL:  password authentication failed for user \"u\"",
         "password authentication failed for user"),
        (f'connection failed: {SERVER}FATAL:  database "secret" does not exist', "database does not exist"),
        (f"connection failed: {SERVER}Connection refused\n\tIs the server running?", "Connection refused"),
        ('connection is bad: invalid sslmode value: "secret"', "invalid sslmode value:"),
        ("failed to resolve host 'secret@h': [Errno -2] Name or service not known", "its host name is not known"),
        ("something secret", "OperationalError"),
    ],
)  # fmt: skip
def test_message_repeats_nothing_of_the_address(message: str, reason: str) -> None:
    assert database_message(psycopg.OperationalError(message)) == reason


def test_sqlite_message_is_kept() -> None:
    assert database_message(sqlite3.OperationalError("database is locked")) == "database is locked"


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.DataCorrupted,
    ],
)
def test_lost_rights_and_tables_are_outages(error: type[Exception]) -> None:
    assert isinstance(as_outage(ProgrammingError("SELECT", {}, error("gone"))), StoreUnavailable)
    assert isinstance(as_outage(error("gone")), StoreUnavailable)


def test_errors_of_drivers_are_those_of_sqlalchemy() -> None:
    assert isinstance(as_outage(psycopg.OperationalError("the connection is closed")), StoreUnavailable)
    assert isinstance(as_outage(psycopg.errors.DiskFull("full")), DiskFull)
    assert as_outage(psycopg.errors.SyntaxError("near")) is None


def test_wrong_statement_is_a_bug_and_no_outage() -> None:
    assert as_outage(ProgrammingError("SELEKT", {}, psycopg.errors.SyntaxError("near"))) is None
    assert as_outage(NotSupportedError("X", {}, psycopg.errors.FeatureNotSupported("no"))) is None


def test_reason_names_the_error_and_no_value() -> None:
    error = psycopg.errors.LockNotAvailable("wait")
    outage = as_outage(OperationalError("INSERT", {"value": "secret"}, error))
    assert outage is not None
    assert "secret" not in outage.reason
    assert "LockNotAvailable" in outage.reason
