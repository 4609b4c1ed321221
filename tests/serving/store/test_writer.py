"""Group commit: durable before the answer, alone in failing, one writer at a time, whoever is killed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from history.errors import InvalidInput
from serving.store import migrate as store_migrate
from serving.store.database import disk_guard as store_disk
from serving.store.database import writer as store_writer
from serving.store.database.disk_guard import BALLAST, DiskGuard
from serving.store.database.engine import StoreEngine
from serving.store.database.transaction import Transaction
from serving.store.errors import DiskFull, StoreUnavailable
from serving.store.leads import PutLead, put_leads
from serving.store.schema import metadata
from serving.store.scores.rescoring import count_waiting
from serving.store.store import Store
from tests.builders.store_fakes import NOW_US, Clock

pytest_plugins = ["tests.builders.store_fixtures"]


def put(name: str, **values: Any) -> PutLead:
    return PutLead(name, NOW_US - 10**12, values)


def failing(_transaction: Transaction, payloads: Sequence[Any]) -> Sequence[Any]:
    raise ZeroDivisionError


def test_every_job_gets_its_own_result(store: Store) -> None:
    futures = [store.writer.submit(put_leads, put(f"l{i % 5}")) for i in range(20)]
    assert [f.result() for f in futures] == ["created"] * 5 + ["unchanged"] * 15


def test_a_job_that_fails_takes_no_other_with_it(store: Store) -> None:
    futures: list[Future[Any]] = []
    for i in range(10):
        futures.append(store.writer.submit(put_leads, put(f"l{i}")))
        futures.append(store.writer.submit(failing, None))
    assert [f.result() for f in futures[::2]] == ["created"] * 10
    assert all(isinstance(f.exception(), ZeroDivisionError) for f in futures[1::2])
    assert store.count_leads() == 10


def test_too_much_waiting_is_refused_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_writer, "MAX_WAITING", 10)
    gate = threading.Event()

    def waiting(_transaction: Transaction, payloads: Sequence[Any]) -> Sequence[Any]:
        gate.wait()
        return payloads

    first = store.writer.submit(waiting, None)
    with pytest.raises(StoreUnavailable):
        store.writer.submit(put_leads, put("a"), weight=10)
    gate.set()
    first.result()
    assert store.writer.write(put_leads, put("a")) == "created"
    assert store.writer.waiting <= 1


def test_a_job_that_is_too_much_by_itself_is_done_when_nothing_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand events of sixty attributes each were refused with «send it again», for ever."""
    monkeypatch.setattr(store_writer, "MAX_WAITING", 10)
    assert store.writer.write(put_leads, put("a"), weight=11) == "created"


def test_the_log_is_carried_back_into_the_file(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "home", now_us=Clock())) as store:
        store.writer.write(put_leads, put("a"))
        alone = tmp_path / "alone.db"
        store.engine.checkpoint()
        shutil.copyfile(tmp_path / "home" / "store.db", alone)
        with closing(sqlite3.connect(alone)) as file:
            assert file.execute("SELECT lead_id FROM leads").fetchall() == [("a",)]


def test_a_writer_carries_back_after_enough_rows_and_outlives_an_outage_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: list[int] = []

    def checkpoint() -> None:
        carried.append(1)
        raise StoreUnavailable("away")

    monkeypatch.setattr(store_writer, "CHECKPOINT_ROWS", 3)
    with closing(Store(tmp_path, now_us=Clock())) as store:
        monkeypatch.setattr(store.engine, "checkpoint", checkpoint)
        for i in range(3):
            assert not carried
            store.writer.write(put_leads, put(f"l{i}"))
        assert store.writer.write(put_leads, put("after")) == "created"
    assert carried


def test_closing_commits_what_waits(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    futures = [store.writer.submit(put_leads, put(f"l{i}")) for i in range(50)]
    store.close()
    assert all(f.result() == "created" for f in futures)


def test_a_locked_database_is_an_outage_and_nothing_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.store.database.engine.BUSY_TIMEOUT_S", 0.05)
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.writer.write(put_leads, put("b"))
        assert store.count_leads() == 1
        foreign.execute("ROLLBACK")
    assert store.writer.write(put_leads, put("b")) == "created"
    store.close()


WRITER = """
import sys
from pathlib import Path
from serving.store.store import Store
from serving.store.leads import PutLead, put_leads
store = Store(Path(sys.argv[1]))
with store.engine.writing() as connection:
    print("holding", flush=True)
    sys.stdin.read()
"""


def test_a_killed_writer_leaves_the_others_working(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    future = store.writer.submit(put_leads, put("b"))
    assert not future.done()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert future.result(timeout=30) == "created"
    store.close()


def test_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "home", now_us=Clock())
    store.writer.write(put_leads, put("a"))
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "home").iterdir() if path.stat().st_mode & 0o077] == []
    store.close()


def test_readers_cannot_write(store: Store) -> None:
    store.writer.write(put_leads, put("a"))
    with pytest.raises(StoreUnavailable), store.engine.reading() as connection:
        connection.execute(text("DELETE FROM leads"))
    assert store.count_leads() == 1


def test_below_the_floor_writes_are_refused_and_reads_go_on(tmp_path: Path) -> None:
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    store.engine.disk = DiskGuard(tmp_path, floor_bytes=1 << 60)
    with pytest.raises(DiskFull):
        store.writer.write(put_leads, put("b"))
    assert store.count_leads() == 1
    store.engine.disk = DiskGuard(tmp_path, floor_bytes=0)
    assert store.writer.write(put_leads, put("b")) == "created"
    store.close()


def test_a_full_disk_loses_nothing_and_gives_up_the_ballast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_disk, "BALLAST_BYTES", 4096)
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, put("a"))
    assert (tmp_path / BALLAST).exists()
    with store.engine.writing() as connection:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    acknowledged = []
    with pytest.raises(DiskFull):  # noqa: PT012
        for i in range(1000):
            store.writer.write(put_leads, put(f"l{i}", note="x" * 2000))
            acknowledged.append(i)
    assert not (tmp_path / BALLAST).exists()
    assert store.count_leads() == 1 + len(acknowledged)
    with store.engine.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert store.writer.write(put_leads, put("later")) == "created"
    store.close()


def test_the_migrated_schema_is_the_one_the_code_uses(store: Store) -> None:
    with store.engine.writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_of_the_first_commits_keeps_its_facts_and_is_scored_anew(
    tmp_path: Path, store_url: str | None, clock: Clock
) -> None:
    """Its tables of scores had fewer columns under the same revision: every write failed, for ever."""
    with closing(Store(tmp_path, store_url, clock)) as early:
        early.writer.write(put_leads, put("a", owner="Ann"))
        with early.engine.writing() as connection:
            connection.execute(text("DROP TABLE dirty"))
            connection.execute(
                text("CREATE TABLE dirty (lead_no BIGINT PRIMARY KEY, row_no BIGINT NOT NULL)")
            )
            for name in ("probability", "status", "as_of_us", "through_row", "version"):
                connection.execute(text(f"ALTER TABLE scores DROP COLUMN told_{name}"))
    with closing(Store(tmp_path, store_url, clock)) as store:
        with store.engine.writing() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
            assert count_waiting(connection) == 1
        assert store.writer.write(put_leads, put("a", owner="Ann")) == "unchanged"
        assert store.writer.write(put_leads, put("a", owner="Bob")) == "updated"


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = store_migrate._upgrade

    def half(connection: Any) -> None:
        upgrade(connection)
        raise ZeroDivisionError

    engine = StoreEngine(tmp_path)
    monkeypatch.setattr(store_migrate, "_upgrade", half)
    with pytest.raises(ZeroDivisionError):
        engine.ensure()
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    monkeypatch.setattr(store_migrate, "_upgrade", upgrade)
    engine.ensure()
    engine.close()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = StoreEngine(tmp_path)
    with engine.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.close()
    with pytest.raises(InvalidInput, match="9999"):
        StoreEngine(tmp_path).ensure()


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_a_url_of_something_else_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="LEADCAST_DATABASE_URL"):
        StoreEngine(tmp_path, url)


def test_a_server_that_is_away_is_an_outage(tmp_path: Path) -> None:
    store = Store(tmp_path, "postgresql://nobody@127.0.0.1:1/none", Clock())
    with pytest.raises(StoreUnavailable):
        store.writer.write(put_leads, put("a"))
    with pytest.raises(StoreUnavailable):
        store.count_leads()
    store.close()
