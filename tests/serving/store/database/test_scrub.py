"""Scrubbing zeroes the unused space of pages and nothing else."""

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from serving.store.database.scrub import scrub


def filled(path: Path, page_size: int, secure: bool = False) -> list[tuple[int, str]]:
    """A database whose pages were split and emptied in random order; returns its rows."""
    draw = random.Random(page_size)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute(f"PRAGMA secure_delete = {int(secure)}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("CREATE INDEX by_name ON t (name)")
        for i in draw.sample(range(600), 600):
            connection.execute("INSERT INTO t VALUES (?, ?)", (i, f"canary{i}" + "x" * draw.randrange(300)))
        connection.execute("DELETE FROM t WHERE id % 3 = 0")
        return connection.execute("SELECT * FROM t ORDER BY id").fetchall()


def run(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR)
    try:
        return scrub(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_rows_stay_and_a_second_run_finds_nothing(tmp_path: Path, page_size: int) -> None:
    path = tmp_path / "t.db"
    rows = filled(path, page_size)
    assert run(path) > 0
    assert run(path) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM t ORDER BY id").fetchall() == rows
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_nothing_of_a_deleted_row_stays_with_secure_delete(tmp_path: Path) -> None:
    """secure_delete zeroes a row at its place; copies that a split left behind are scrubbed."""
    path = tmp_path / "t.db"
    rows = filled(path, 1024, secure=True)
    run(path)
    content = path.read_bytes()
    kept = {name for _, name in rows}
    gone = [i for i in range(600) if i % 3 == 0]
    assert all(name.encode() in content for name in kept)
    assert not [i for i in gone if f"canary{i}x".encode() in content]


@pytest.mark.parametrize("content", [b"", b"x" * 99, b"\xff" * 5000], ids=["empty", "short", "foreign"])
def test_file_without_pages_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(content)
    assert run(path) == 0
    assert path.read_bytes() == content
