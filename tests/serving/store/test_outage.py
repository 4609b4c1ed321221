"""A database server that restarts, revokes rights or hangs: outages are errors, no acknowledged event is lost."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from history.config.config import FunnelConfig
from serving.store.database import engine as store_engine
from serving.store.database.engine import StoreEngine
from serving.store.errors import StoreUnavailable, StoreUnfit
from serving.store.events import store_events
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, Clock, event, read_events, read_leads

if TYPE_CHECKING:
    from tests.builders.service.store_fixtures import Server

pytest_plugins = ["tests.builders.service.store_fixtures"]
FAR_US = 7_258_118_400_000_000


@pytest.mark.long
@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_server_restart_loses_no_acknowledged_event(tmp_path: Path, postgres: "Server", mode: str) -> None:
    store = Store(tmp_path, postgres.database(), Clock())
    store.writer.write(put_leads, PutLead("a", NOW_US - 10**12, {}))
    acknowledged: list[str] = []
    refused = 0
    for round_ in range(3):
        for i in range(60):
            if i == 20:
                postgres.stop(mode)
            if i == 40:
                postgres.start()
            name = f"{round_}-{i}"
            sent = read_events({"events": [event(name, "a", {"kind": name})]})
            try:
                acknowledged += [name] * store.writer.write(store_events, sent).accepted
            except StoreUnavailable:
                refused += 1
    history = read_leads(store, ["a"], FunnelConfig(), FAR_US)
    assert refused == 60
    assert sorted(history.interactions.kind.values) == sorted(acknowledged)
    assert len(acknowledged) == 120
    store.close()


def execute(url: str, *statements: str) -> None:
    """Runs statements as the server's owner."""
    engine = create_engine(url.replace(":", "+psycopg:", 1), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.long
def test_revoked_right_is_an_outage_until_granted(tmp_path: Path, postgres: "Server") -> None:
    url = postgres.database()
    execute(
        url,
        "DO $$BEGIN CREATE ROLE clerk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$",
        "ALTER SCHEMA public OWNER TO clerk",
    )
    with closing(Store(tmp_path, url.replace(f"//{postgres.user}@", "//clerk@"), Clock())) as store:
        store.writer.write(put_leads, PutLead("a", NOW_US - 10**12, {}))
        sent = read_events({"events": [event("e", "a", {"kind": "call"})]})
        execute(url, "REVOKE INSERT ON interactions FROM clerk", "REVOKE SELECT ON stages FROM clerk")
        with pytest.raises(StoreUnavailable, match="permission denied for table interactions"):
            store.writer.write(store_events, sent)
        with pytest.raises(StoreUnavailable, match="permission denied for table stages"):
            read_leads(store, ["a"], FunnelConfig(), FAR_US)
        execute(url, "GRANT ALL ON interactions, stages TO clerk")
        assert store.writer.write(store_events, sent).accepted == 1


@pytest.mark.long
def test_role_without_create_right_is_an_outage(tmp_path: Path, postgres: "Server") -> None:
    url = postgres.database()
    execute(url, "DO $$BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    with closing(StoreEngine(tmp_path, url.replace(f"//{postgres.user}@", "//guest@"))) as engine:
        with pytest.raises(StoreUnavailable, match="no schema has been selected"):
            engine.ensure()
        execute(url, "GRANT ALL ON SCHEMA public TO guest")
        engine.ensure()


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_database_with_another_encoding_is_refused(tmp_path: Path, postgres: "Server", encoding: str) -> None:
    url = postgres.database()
    execute(
        url,
        f"DROP DATABASE IF EXISTS {encoding}",
        f"CREATE DATABASE {encoding} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0",
    )
    address = f"{url.rpartition('/')[0]}/{encoding.lower()}"
    with (
        closing(StoreEngine(tmp_path, address)) as engine,
        pytest.raises(StoreUnfit, match=f"{encoding}.*UTF8"),
    ):
        engine.ensure()


@pytest.mark.long
def test_services_that_start_together_create_one_store(tmp_path: Path, postgres: "Server") -> None:
    url = postgres.database()
    stores = [Store(tmp_path / str(i), url, Clock()) for i in range(6)]
    with ThreadPoolExecutor(len(stores)) as threads:
        put = PutLead("a", NOW_US - 10**12, {})
        results = list(threads.map(lambda store: store.writer.write(put_leads, put), stores))
    assert sorted(results) == ["created", *["unchanged"] * 5]
    for store in stores:
        store.close()


@pytest.mark.long
def test_hanging_writer_loses_its_lock(
    tmp_path: Path, postgres: "Server", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging machine must not block all others; its open transaction is rolled back."""
    url = postgres.database()
    with (
        closing(Store(tmp_path / "a", url, Clock())) as hanging,
        closing(Store(tmp_path / "b", url, Clock())) as other,
    ):
        other.writer.write(put_leads, PutLead("a", NOW_US - 10**12, {}))
        monkeypatch.setattr(
            store_engine,
            "PG_LOCK_STATEMENT",
            text(store_engine.PG_LOCK_STATEMENT.text.replace(str(store_engine.PG_LONGEST_PAUSE_MS), "200")),
        )
        with pytest.raises(StoreUnavailable):
            _hang_midway(hanging, other)
        assert other.count_leads() == 2
        assert hanging.count_leads() == 2


def _hang_midway(hanging: Store, other: Store) -> None:
    with hanging.engine.writing() as connection:
        connection.execute(text("DELETE FROM dirty"))
        assert other.writer.write(put_leads, PutLead("b", NOW_US - 10**12, {})) == "created"
        connection.execute(text("SELECT 1"))
