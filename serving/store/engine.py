"""Connections to the store: SQLite under the home or PostgreSQL by URL, one way of writing for both."""

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
from serving.store.disk_guard import DiskGuard
from serving.store.errors import StoreUnfit, outages
from serving.store.locks import TurnLock
from serving.store.migrate import HEAD, migrate
from serving.store.scrub import scrub

DATABASE = "store.db"
BUSY_TIMEOUT_S = 5.0
READER_WAIT_MS = 50  # how long an erasure keeps writers waiting for a reader
WAL_LIMIT_BYTES = 64 * 1024 * 1024
WAL_PAGES = (
    4_000  # after so many a commit carries the log back itself, where the writer has not done so before
)
PG_LOCK = 0x1EADCA57
PG_LONGEST_PAUSE_MS = (
    30_000  # between two statements of a writer: a stopped one must not keep its turn for ever
)
PG_TURN = text(
    f"SELECT pg_advisory_xact_lock({PG_LOCK}), "
    f"set_config('idle_in_transaction_session_timeout', '{PG_LONGEST_PAUSE_MS}', true)"
)
SHARED_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-65536",
)
WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}",
    f"PRAGMA wal_autocheckpoint={WAL_PAGES}",
)
READER_PRAGMAS = ("PRAGMA wal_autocheckpoint=0", "PRAGMA query_only=ON")


class StoreEngine:
    """The readers and the one writer of a store.

    home holds the lock files and, by default, the database; url None means SQLite at home/store.db. Nothing is
    opened before first use, so a database that is away does not keep the service from starting.
    """

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = read_address(url)
        self.path = _where(home, address)
        self.lock = TurnLock(home / "store.lock")
        self.disk = DiskGuard(self.path.parent if self.path else None)
        if self.path is not None:
            self._writer = _sqlite_engine(self.path, writes=True)
            self._readers = _sqlite_engine(self.path, writes=False)
        else:
            self._writer = _postgres_engine(address)
            self._readers = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self.is_ready = False
        self._file: int | None = None  # closed last: closing it lets go of SQLite's own locks on the file

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the store; StoreUnavailable when the database is away."""
        self.ensure()
        with outages(), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One durable transaction, the only one of all processes at that moment; refused when space is short."""
        self.ensure()
        with outages(), self.lock.held():
            self.disk.check()
            with self.disk.room_for_recovery(), self._writer.begin() as connection:
                self._one_writer(connection)
                yield connection

    def carry_back(self) -> None:
        """Carries the log back into the file, as far as no reader needs it: a pause of some ms up to tens of them."""
        if self.path is not None:
            with outages(), self.lock.held(), self._writer.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)
                raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def erase_traces(self) -> bool:
        """Clears what deleted rows left in the log and in the file; False where a reader still needs it: try again.

        The last commit makes every connection forget the pages that it remembers from before.
        """
        if self.path is None:
            return True
        self.ensure()
        with outages(), self.lock.held():
            if not self._empty_log():
                return False
            self._writer.dispose()
            if self._file is None:
                self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            scrub(self._file)
            with self._writer.begin() as connection:
                connection.execute(text(f"PRAGMA user_version={int(HEAD)}"))
        return True

    def _empty_log(self) -> bool:
        with self._writer.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute(f"PRAGMA busy_timeout={READER_WAIT_MS}")
            busy, _log, _done = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            raw.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_TIMEOUT_S)}")
        return not busy

    def replace_by(self, source: Path) -> None:
        """Makes the database a copy of another SQLite file, in one step for everyone who reads it."""
        self.ensure()
        with outages(), self.lock.held(), self._writer.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            with closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as given:
                given.backup(raw)
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.is_ready = False
        self.ensure()

    def ensure(self) -> None:
        """Creates or migrates the store once; StoreUnfit where it can't be one, or a newer Leadcast wrote it."""
        if self.is_ready:
            return
        with outages(), self.lock.held():
            if self.path is not None and not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            with self._writer.begin() as connection:
                self._one_writer(connection)
                self._check_encoding(connection)
                migrate(connection)
        self.is_ready = True

    def bytes_on_disk(self) -> int:
        """The size of the database with its log; 0 for a server's."""
        if self.path is None:
            return 0
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(f.stat().st_size for f in files if f.exists())

    def close(self) -> None:
        with self.lock.held():
            self._readers.dispose()
            self._writer.dispose()
            if self._file is not None:
                os.close(self._file)
        self.lock.close()

    def _one_writer(self, connection: Connection) -> None:
        if self.path is None:
            connection.execute(PG_TURN)

    def _check_encoding(self, connection: Connection) -> None:
        if self.path is None:
            encoding = connection.execute(text("SHOW server_encoding")).scalar()
            if encoding != "UTF8":
                raise StoreUnfit(
                    f"the store's database has the encoding {encoding}, which cannot hold every text: "
                    "make one with ENCODING 'UTF8' TEMPLATE template0"
                )


def _where(home: Path, address: URL) -> Path | None:
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
        pool_size=1 if writes else 8,
        max_overflow=0 if writes else 32,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,
    )
    pragmas = SHARED_PRAGMAS + (WRITER_PRAGMAS if writes else READER_PRAGMAS)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres_engine(address: URL) -> Engine:
    return create_engine(
        address,
        pool_size=8,
        max_overflow=32,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=connect_arguments(address),
    )
