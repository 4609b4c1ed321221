"""What the registry does to a home apart from MLflow: one changer at a time, and paths that follow a moved home."""

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

LEFT = (".train-*", ".backtest-*", ".mlflow-*", "bundles/.export-*")  # made under the lock alone


class HomeLock:
    """One process and thread at a time; re-entrant in its thread; files made while held are the owner's alone.

    What a killed holder had not put away goes when the next one comes.
    """

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
                    self._put_away()
                    yield
                finally:
                    self._depth -= 1
                    os.umask(before)

    def mark(self) -> str:
        """A random name of this home, kept in the lock's file: whose run it was that a kill left running."""
        name = self._path.read_text(encoding="ascii", errors="replace")
        if len(name) != 16 or not name.isalnum():
            name = secrets.token_hex(8)
            self._path.write_text(name, encoding="ascii")
        return name

    def _put_away(self) -> None:
        for pattern in LEFT:
            for left in self._path.parent.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)


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


def remove_export(folder: Path) -> None:
    """Takes an exported bundle away in one step: a kill leaves the whole of it, or none."""
    gone = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    os.rename(folder, gone / folder.name)
    shutil.rmtree(gone)


def secure(folder: Path) -> None:
    """Makes a folder and its files durable and the owner's alone, whatever they were copied from."""
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
