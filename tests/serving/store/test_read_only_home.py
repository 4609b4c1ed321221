"""A home that cannot be written is read from a copy, one that can be is read itself."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from serving.store.read_only_home import readable_home


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """os.access as for another user: the tests may run as root, who may write anywhere."""
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)


def database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE leads (lead_id)")
    connection.execute("INSERT INTO leads VALUES ('a')")
    return connection


def leads(path: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT lead_id FROM leads").fetchall()


def test_home_that_can_be_written_is_itself(tmp_path: Path) -> None:
    with readable_home(tmp_path) as home:
        assert home == tmp_path


@pytest.mark.parametrize("is_open", [True, False], ids=["being written", "closed"])
def test_copy_holds_what_is_committed(tmp_path: Path, read_only: None, is_open: bool) -> None:
    connection = database(tmp_path / "store.db")
    if not is_open:
        connection.close()
    before = sorted(tmp_path.iterdir())
    with readable_home(tmp_path) as home:
        assert home != tmp_path
        assert leads(home / "store.db") == [("a",)]
        assert sorted(tmp_path.iterdir()) == before
    assert not home.exists()
    connection.close()


def test_champion_is_copied_with_its_bundle(champion_home: Path, read_only: None) -> None:
    with readable_home(champion_home) as home:
        pointer = (champion_home / "champion.json").read_bytes()
        assert (home / "champion.json").read_bytes() == pointer
        assert (home / "bundles" / "1" / "manifest.json").is_file()
