"""What the registry does to a home apart from MLflow: one changer at a time, and paths that follow a moved home."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class HomeLock:
    """One process and thread at a time; re-entrant in its thread; files made while held are the owner's alone."""

    def __init__(self, home: Path) -> None:
        self._path = home / "registry.lock"
        self._thread = threading.RLock()
        self._depth = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._thread:
            if self._depth:
                yield
                return
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                before = os.umask(0o077)
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                    os.umask(before)


def relocate(database: Path, artifacts: str) -> None:
    """Rewrites the artifact addresses of MLflow's SQLite file when its home was moved: MLflow keeps them absolute."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"experiments", "runs"} <= tables:
            return
        found = connection.execute(
            "SELECT DISTINCT artifact_location FROM experiments WHERE name = 'leadcast'"
        )
        for (old,) in found.fetchall():
            if old == artifacts:
                continue
            for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                    (artifacts, len(old) + 1, len(old), old),
                )
