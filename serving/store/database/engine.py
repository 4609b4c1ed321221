"""Connections to the store: SQLite under the home or PostgreSQL by URL, with the same way of writing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from serving.base.database_url import connect_arguments, read_address
from serving.store.database.disk_guard import DiskGuard
from serving.store.database.locks import FairFileLock
from serving.store.database.outages import outages
from serving.store.database.scrub import scrub
from serving.store.database.single_reads import SingleReads
from serving.store.database.statements import sqlite_driver
from serving.store.errors import StoreUnfit
from serving.store.migrate import HEAD, migrate

DATABASE = "store.db"
BUSY_TIMEOUT_S = 5.0
ERASURE_BUSY_TIMEOUT_MS = 50  # an erasure waits so long for a reader, with all writers behind it
READERS = 8
MORE_READERS = 32
WAL_LIMIT_BYTES = 64 * 1024 * 1024
# Pages in the write-ahead log after which a commit runs a checkpoint. The writer's own checkpoints come first; this is
# for commands that write without it, such as a load.
WAL_PAGES = 4_000
PG_LOCK = 0x1EADCA57  # any number that no other program uses for its advisory lock
PG_LONGEST_PAUSE_MS = 30_000  # between two statements of a writer; a process that hangs then loses the lock
PG_LOCK_STATEMENT = text(
    f"SELECT pg_advisory_xact_lock({PG_LOCK}), "
    f"set_config('idle_in_transaction_session_timeout', '{PG_LONGEST_PAUSE_MS}', true)"
)
SHARED_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",  # no rows in temporary files, which an erasure does not reach
    "PRAGMA cache_size=-65536",  # KiB
)
WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose acknowledged commits when the power fails
    "PRAGMA secure_delete=ON",  # off by default here: a deleted row stayed in the file until VACUUM
    f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}",
    f"PRAGMA wal_autocheckpoint={WAL_PAGES}",
)
# Only the writer may checkpoint: two connections at once meet the WAL-reset bug of SQLite before 3.51.3.
READER_PRAGMAS = ("PRAGMA wal_autocheckpoint=0", "PRAGMA query_only=ON")


class StoreEngine:
    """The readers and the one writer of a store.

    `home` holds the lock files and, by default, the database; `url` None means SQLite at home/store.db. Nothing is
    opened before first use, so that the service starts while the database is away.
    """

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = read_address(url)
        self.path = _sqlite_path(home, address)
        self.lock = FairFileLock(home / "store.lock")
        self.disk = DiskGuard(self.path.parent if self.path else None)
        if self.path is not None:
            self._writer = _sqlite_engine(self.path, writes=True)
            self._readers = _sqlite_engine(self.path, writes=False)
        else:
            self._writer = _postgres_engine(address)
            self._readers = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self.single_reads = SingleReads(self._readers)  # once it is ready
        self.is_ready = False
        # Closed last: when a process closes any descriptor of a file, POSIX releases all its locks on it, SQLite's too.
        self._descriptor: int | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: one consistent view of the store. Raises StoreUnavailable."""
        self.ensure()
        with outages(), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A durable transaction, the only one of all processes at that moment.

        Raises StoreUnavailable, DiskFull if little space is left.
        """
        self.ensure()
        with outages(), self.lock.held():
            self.disk.check()
            with self.disk.room_for_recovery(), self._writer.begin() as connection:
                self._lock_database(connection)
                yield connection

    def checkpoint(self) -> None:
        """Runs a passive WAL checkpoint. Blocks writers for a few to some tens of milliseconds."""
        if self.path is not None:
            with outages(), self.lock.held(), self._writer.connect() as connection:
                sqlite_driver(connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def erase_traces(self) -> bool:
        """Removes remains of deleted rows from the write-ahead log and the file; no-op for a database server.

        Returns False if a reader still uses the log: try again later.
        """
        if self.path is None:
            return True
        self.ensure()
        with outages(), self.lock.held():
            if not self._truncate_wal():
                return False
            self._writer.dispose()
            if self._descriptor is None:
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            scrub(self._descriptor)
            # A commit makes every connection drop its cached pages, which may still hold the scrubbed bytes.
            with self._writer.begin() as connection:
                connection.execute(text(f"PRAGMA user_version={int(HEAD)}"))
        return True

    def _truncate_wal(self) -> bool:
        with self._writer.connect() as connection:
            driver = sqlite_driver(connection)
            driver.execute(f"PRAGMA busy_timeout={ERASURE_BUSY_TIMEOUT_MS}")
            is_busy, _log, _checkpointed = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            driver.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_TIMEOUT_S)}")
        return not is_busy

    def replace_by(self, source: Path) -> None:
        """Replaces the database by a copy of another SQLite file, in one step for every reader."""
        self.ensure()
        with outages(), self.lock.held(), self._writer.connect() as connection:
            driver = sqlite_driver(connection)
            with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as copy:
                copy.backup(driver)
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.is_ready = False
        self.ensure()

    def ensure(self) -> None:
        """Creates or migrates the store once. Raises StoreUnfit if it cannot be used or is of a newer version."""
        if self.is_ready:
            return
        with outages(), self.lock.held():
            if self.path is not None and not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            with self._writer.begin() as connection:
                self._lock_database(connection)
                self._check_encoding(connection)
                migrate(connection)
        self.is_ready = True

    def bytes_on_disk(self) -> int:
        """Size of the database with its write-ahead log; 0 for a database server."""
        if self.path is None:
            return 0
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Closes all connections and the lock."""
        with self.lock.held():
            self.single_reads.close()
            self._readers.dispose()
            self._writer.dispose()
            if self._descriptor is not None:
                os.close(self._descriptor)
        self.lock.close()

    def _lock_database(self, connection: Connection) -> None:
        """Takes PostgreSQL's lock for writers of all homes, until the end of the transaction."""
        if self.path is None:
            connection.execute(PG_LOCK_STATEMENT)

    def _check_encoding(self, connection: Connection) -> None:
        if self.path is not None:
            return
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":
            raise StoreUnfit(
                f"the store's database has the encoding {encoding}, which cannot hold every text: "
                "create one with ENCODING 'UTF8' TEMPLATE template0"
            )


def _sqlite_path(home: Path, address: URL) -> Path | None:
    if address.get_backend_name() != "sqlite":
        return None
    return Path(address.database).absolute() if address.database else home / DATABASE


def _sqlite_engine(path: Path, writes: bool) -> Engine:
    address = f"file:{quote(str(path))}?mode={'rw' if writes else 'ro'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1 if writes else READERS,
        max_overflow=0 if writes else MORE_READERS,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,  # rows do not belong into messages and logs
    )
    pragmas = SHARED_PRAGMAS + (WRITER_PRAGMAS if writes else READER_PRAGMAS)
    # sqlite3 begins no transaction before DDL, so that a failed migration would leave half of its tables.
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        sqlite_driver(connection).execute(begin)

    return engine


def _postgres_engine(address: URL) -> Engine:
    return create_engine(
        address,
        pool_size=READERS,
        max_overflow=MORE_READERS,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=connect_arguments(address),
    )
