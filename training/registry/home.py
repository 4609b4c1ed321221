"""The home's files apart from MLflow's: the lock, exported bundles, and artifact paths that follow a moved home."""

import fcntl
import os
import secrets
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# Temporary folders that are created only while the lock is held: one that exists on locking is a killed holder's.
TEMPORARY = (".train-*", ".backtest-*", ".mlflow-*", "bundles/.export-*")
MARK_LENGTH = 16


class HomeLock:
    """A file lock on a home, re-entrant within its thread.

    Files created while it is held are readable by their owner only. Locking removes the temporary folders of a killed
    holder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "registry.lock"
        self._thread_lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Holds the lock; waits for another process or thread that holds it. Creates the home if it is missing."""
        # The file lock excludes other processes; this one counts the depth, which is shared by threads.
        with self._thread_lock:
            if self._depth:
                yield
                return
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                umask = os.umask(0o077)
                self._depth += 1
                try:
                    self._remove_temporary_folders()
                    yield
                finally:
                    self._depth -= 1
                    os.umask(umask)

    def mark(self) -> str:
        """A random name of this home, stored in the lock file: it marks the home's runs on a shared server."""
        mark = self._path.read_text(encoding="ascii", errors="replace")
        if len(mark) != MARK_LENGTH or not mark.isalnum():
            mark = secrets.token_hex(MARK_LENGTH // 2)
            self._path.write_text(mark, encoding="ascii")
        return mark

    def _remove_temporary_folders(self) -> None:
        for pattern in TEMPORARY:
            for folder in self._path.parent.glob(pattern):
                shutil.rmtree(folder, ignore_errors=True)


def relocate(database: Path, artifacts: str) -> None:
    """Rewrites the artifact addresses in MLflow's SQLite file after a move of the home: MLflow stores them absolute.

    artifacts: the address of the home's artifact folder now. A file without MLflow's tables is left alone.
    """
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"experiments", "runs"} <= tables:
            return
        locations = connection.execute(
            "SELECT DISTINCT artifact_location FROM experiments WHERE name = 'leadcast'"
        )
        for (location,) in locations.fetchall():
            if location != artifacts:
                _replace_prefix(connection, old=location, new=artifacts)


def _replace_prefix(connection: sqlite3.Connection, *, old: str, new: str) -> None:
    for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
        connection.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
            (new, len(old) + 1, len(old), old),
        )


def remove_export(folder: Path) -> None:
    """Removes an exported bundle atomically: after a kill it is whole, or gone."""
    trash = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    os.rename(folder, trash / folder.name)
    shutil.rmtree(trash)


def secure(folder: Path) -> None:
    """Makes a folder and its files durable (fsync) and readable by their owner only."""
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
