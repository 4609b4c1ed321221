"""Connections: outages are StoreUnavailable, readers cannot write, files belong to their owner alone."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from history.base.errors import InvalidInput
from serving.store.database.engine import StoreEngine
from serving.store.errors import StoreUnavailable
from serving.store.leads.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.service.store_fakes import NOW_US, Clock

pytest_plugins = ["tests.builders.service.store_fixtures"]
LEAD = PutLead("a", NOW_US - 10**12, {})
OTHER_LEAD = PutLead("b", NOW_US - 10**12, {})


def test_checkpoint_moves_the_log_into_the_file(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "home", now_us=Clock())) as store:
        store.writer.write(put_leads, LEAD)
        copy = tmp_path / "without-log.db"
        store.engine.checkpoint()
        shutil.copyfile(tmp_path / "home" / "store.db", copy)
        with closing(sqlite3.connect(copy)) as file:
            assert file.execute("SELECT lead_id FROM leads").fetchall() == [("a",)]


def test_locked_database_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.store.database.engine.BUSY_TIMEOUT_S", 0.05)
    store = Store(tmp_path, now_us=Clock())
    store.writer.write(put_leads, LEAD)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other_program:
        other_program.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.writer.write(put_leads, OTHER_LEAD)
        assert store.count_leads() == 1
        other_program.execute("ROLLBACK")
    assert store.writer.write(put_leads, OTHER_LEAD) == "created"
    store.close()


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = Store(home, now_us=Clock())
    store.writer.write(put_leads, LEAD)
    assert home.stat().st_mode & 0o077 == 0
    assert [path.name for path in home.iterdir() if path.stat().st_mode & 0o077] == []
    store.close()


def test_readers_cannot_write(store: Store) -> None:
    store.writer.write(put_leads, LEAD)
    with pytest.raises(StoreUnavailable), store.engine.reading() as connection:
        connection.execute(text("DELETE FROM leads"))
    assert store.count_leads() == 1


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x"])
def test_url_of_another_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="LEADCAST_DATABASE_URL"):
        StoreEngine(tmp_path, url)


def test_unreachable_server_is_an_outage(tmp_path: Path) -> None:
    store = Store(tmp_path, "postgresql://nobody@127.0.0.1:1/none", Clock())
    with pytest.raises(StoreUnavailable):
        store.writer.write(put_leads, LEAD)
    with pytest.raises(StoreUnavailable):
        store.count_leads()
    store.close()
