"""A store that cannot be used: what the service answers meanwhile, and what it tells its operators."""

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import NotSupportedError, OperationalError, ProgrammingError

from serving.store import async_store as store_service
from serving.store import outage_state
from serving.store.database.engine import StoreEngine
from serving.store.database.outages import as_outage, database_message
from serving.store.errors import StoreSlow, StoreUnavailable
from serving.store.outage_state import QUIET_S, OutageState
from tests.builders.service_client import caller
from tests.builders.store_fakes import FakeModel, FakeRuntime, application, event

LEAD = {"created_at": "2026-01-05T08:00:00Z", "attributes": {"plan": "a"}}
AT = 'connection to server at "127.0.0.1", port 5432 failed: '


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (f"connection failed: {AT}FATAL:  password authentication failed for user \"u\"",
         "password authentication failed for user"),
        (f'connection failed: {AT}FATAL:  database "secret" does not exist', "database does not exist"),
        (f"connection failed: {AT}Connection refused\n\tIs the server running?", "Connection refused"),
        ('connection is bad: invalid sslmode value: "secret"', "invalid sslmode value:"),
        ("failed to resolve host 'secret@h': [Errno -2] Name or service not known", "its host name is not known"),
        ("something secret", "OperationalError"),
    ],
)  # fmt: skip
def test_why_a_server_is_not_reached_is_told_without_a_word_of_the_address(message: str, reason: str) -> None:
    assert database_message(psycopg.OperationalError(message)) == reason


def test_sqlite_says_itself_what_is_wrong() -> None:
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


def test_a_damaged_file_is_an_outage_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database" * 1000)
    runtime = FakeRuntime(tmp_path, FakeModel())
    with caller(application(runtime)) as client:
        assert client.get("/livez").status_code == 200
        for answer in (client.put("/v1/leads/a", json=LEAD), client.get("/v1/leads/a")):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "file is not a database" in str(runtime.stored.outages.description())
        assert "leadcast_leads" not in {name for name, *_ in runtime.stored.gauges()}


def test_a_wrong_statement_of_ours_is_a_bug() -> None:
    assert as_outage(ProgrammingError("SELEKT", {}, psycopg.errors.SyntaxError("near"))) is None
    assert as_outage(NotSupportedError("X", {}, psycopg.errors.FeatureNotSupported("no"))) is None


def test_the_log_tells_each_change_once(caplog: pytest.LogCaptureFixture) -> None:
    times = [0.0]
    trouble = OutageState(lambda: times[0])
    with caplog.at_level(logging.INFO, "leadcast"):
        trouble.succeeded("written")
        for _ in range(3):
            assert trouble.failed("written", StoreUnavailable("gone")).reason == "gone"
        trouble.timed_out("read")
        assert trouble.description() == f"cannot be written: gone; cannot be read: {StoreSlow().reason}"
        for times[0] in (0.5 * QUIET_S, QUIET_S, 3 * QUIET_S):
            trouble.succeeded("written")
            trouble.succeeded("read")
    assert [record.message for record in caplog.records] == [
        "the store cannot be written",
        "the store cannot be read",
        "the store can be written again",
        "the store can be read again",
    ]
    assert trouble.description() is None


def test_why_is_known_until_the_store_works_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = FakeRuntime(tmp_path, FakeModel())
    with caller(application(runtime)) as client:
        assert client.put("/v1/leads/a", json=LEAD).status_code == 201
        given = {"events": [event("e1", "a", {"kind": "call"})]}
        _execute(runtime, "ALTER TABLE interactions RENAME TO elsewhere")
        refused = client.post("/v1/events", json=given)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "2"
        assert "no such table: interactions" in runtime.stored.outages.reasons["written"]
        _execute(runtime, "ALTER TABLE elsewhere RENAME TO interactions")
        monkeypatch.setattr(outage_state, "QUIET_S", 0.0)
        assert client.post("/v1/events", json=given).json()["accepted"] == 1
        assert runtime.stored.outages.description() is None


def _execute(runtime: FakeRuntime, statement: str) -> None:
    with runtime.stored.store.engine.writing() as connection:
        connection.execute(text(statement))


def test_a_store_of_a_newer_version_does_not_keep_the_service_from_starting(tmp_path: Path) -> None:
    engine = StoreEngine(tmp_path)
    with engine.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.close()
    runtime = FakeRuntime(tmp_path, FakeModel())
    with caller(application(runtime)) as client:
        assert client.get("/livez").status_code == 200
        assert "9999" in str(runtime.stored.outages.description())
        answer = client.put("/v1/leads/a", json=LEAD)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_a_read_of_a_server_that_hangs_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes connections and never says a word; /metrics waits for none of it."""
    monkeypatch.setattr(store_service, "READ_TIMEOUT_S", 0.05)
    monkeypatch.setattr(store_service, "COUNT_TIMEOUT_S", 0.05)
    runtime = FakeRuntime(tmp_path, FakeModel())
    free = threading.Event()
    with caller(application(runtime)) as client:
        engine: Any = runtime.stored.store.engine
        reading = engine.reading

        def hanging() -> Any:
            free.wait(30)
            return reading()

        monkeypatch.setattr(engine, "reading", hanging)
        answer = client.get("/v1/leads")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:leadcast:problem:store-slow")
        for _ in range(9):
            assert "leadcast_leads" not in {name for name, *_ in runtime.stored.gauges()}
        free.set()
        assert runtime.stored._counting is not None
        runtime.stored._counting.result(30)
        assert "leadcast_leads" in {name for name, *_ in runtime.stored.gauges()}
        assert client.get("/v1/leads").status_code == 200


def test_an_outage_names_its_kind() -> None:
    outage = as_outage(
        OperationalError("INSERT", {"value": "secret"}, psycopg.errors.LockNotAvailable("wait"))
    )
    assert outage is not None
    assert "secret" not in outage.reason
    assert "LockNotAvailable" in outage.reason
