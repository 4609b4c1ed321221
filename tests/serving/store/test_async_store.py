"""The store inside the service: answers during an outage, and the reasons shown to operators."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from serving.store import async_store, outage_state
from serving.store.database.engine import StoreEngine
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeModel, FakeRuntime, application, event

LEAD = {"created_at": "2026-01-05T08:00:00Z", "attributes": {"plan": "a"}}


@pytest.fixture
def runtime(tmp_path: Path) -> FakeRuntime:
    return FakeRuntime(tmp_path, FakeModel())


def gauge_names(runtime: FakeRuntime) -> set[str]:
    return {name for name, *_ in runtime.stored.gauges()}


def test_damaged_file_is_an_outage(tmp_path: Path, runtime: FakeRuntime) -> None:
    (tmp_path / "store.db").write_bytes(b"no database" * 1000)
    with caller(application(runtime)) as client:
        assert client.get("/livez").status_code == 200
        for answer in (client.put("/v1/leads/a", json=LEAD), client.get("/v1/leads/a")):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "file is not a database" in str(runtime.stored.outages.description())
        assert "leadcast_leads" not in gauge_names(runtime)


def test_reason_is_shown_until_the_store_works_again(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caller(application(runtime)) as client:
        assert client.put("/v1/leads/a", json=LEAD).status_code == 201
        events = {"events": [event("e1", "a", {"kind": "call"})]}
        _execute(runtime, "ALTER TABLE interactions RENAME TO elsewhere")
        refused = client.post("/v1/events", json=events)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "2"
        assert "no such table: interactions" in runtime.stored.outages.reasons["written"]
        _execute(runtime, "ALTER TABLE elsewhere RENAME TO interactions")
        monkeypatch.setattr(outage_state, "QUIET_S", 0.0)
        assert client.post("/v1/events", json=events).json()["accepted"] == 1
        assert runtime.stored.outages.description() is None


def _execute(runtime: FakeRuntime, statement: str) -> None:
    with runtime.stored.store.engine.writing() as connection:
        connection.execute(text(statement))


def test_service_starts_beside_a_store_of_a_newer_version(tmp_path: Path, runtime: FakeRuntime) -> None:
    engine = StoreEngine(tmp_path)
    with engine.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.close()
    with caller(application(runtime)) as client:
        assert client.get("/livez").status_code == 200
        assert "9999" in str(runtime.stored.outages.description())
        answer = client.put("/v1/leads/a", json=LEAD)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_read_of_a_hanging_server_times_out(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server accepts connections and never answers; /metrics does not wait for it."""
    monkeypatch.setattr(async_store, "READ_TIMEOUT_S", 0.05)
    monkeypatch.setattr(async_store, "COUNT_TIMEOUT_S", 0.05)
    server_answers = threading.Event()
    with caller(application(runtime)) as client:
        engine: Any = runtime.stored.store.engine
        reading = engine.reading

        def hanging() -> Any:
            server_answers.wait(30)
            return reading()

        monkeypatch.setattr(engine, "reading", hanging)
        answer = client.get("/v1/leads")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:leadcast:problem:store-slow")
        for _ in range(9):
            assert "leadcast_leads" not in gauge_names(runtime)
        server_answers.set()
        assert runtime.stored._counting is not None
        runtime.stored._counting.result(30)
        assert "leadcast_leads" in gauge_names(runtime)
        assert client.get("/v1/leads").status_code == 200
