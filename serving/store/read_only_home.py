"""The store of a home that cannot be written, for commands that only read it."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from models.home.pointer import POINTER
from serving.store.database.engine import DATABASE

BUNDLES = "bundles"


@contextmanager
def readable_home(home: Path) -> Iterator[Path]:
    """The home itself, or a temporary copy of its store and bundles if it cannot be written.

    Readers of the store need a lock file, and SQLite creates files beside a database with a write-ahead log.
    """
    if not home.is_dir() or os.access(home, os.W_OK):
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="leadcast-") as name:
        copy = Path(name)
        if (home / DATABASE).exists():
            _copy_database(home / DATABASE, copy / DATABASE)
        if (home / POINTER).exists():
            shutil.copy(home / POINTER, copy)
            shutil.copytree(home / BUNDLES, copy / BUNDLES)
        yield copy


def _copy_database(source: Path, target: Path) -> None:
    """Copies one view of the database, whether or not a service of another user is writing it."""
    has_log = source.with_name(source.name + "-wal").exists()
    # Without a log beside it nobody has the database open. Only "immutable" reads it then, as it needs no other file.
    address = f"file:{quote(str(source))}?mode=ro{'' if has_log else '&immutable=1'}"
    with closing(sqlite3.connect(address, uri=True)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)
    target.chmod(0o600)
