"""Stores for tests: SQLite in the test's folder, and a PostgreSQL server of the test run if PostgreSQL is installed."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from serving.store.store import Store
from tests.builders.service.store_fakes import Clock

POSTGRES = "postgres"  # Debian's unprivileged user; the server refuses to run as root


def _programs() -> Path | None:
    """The folder of PostgreSQL's programs."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


class Server:
    """A PostgreSQL server on a free port of this machine, with its data in a folder of its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder = programs, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.user = POSTGRES if os.geteuid() == 0 else getpass.getuser()
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", self.user, "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}"
        self._pg_ctl("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._pg_ctl("-m", mode, "stop")

    def database(self) -> str:
        """The URL of the database, emptied."""
        url = f"postgresql://{self.user}@127.0.0.1:{self.port}/postgres"
        engine = create_engine(url.replace(":", "+psycopg:", 1), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            others = "datname = 'postgres' AND pid <> pg_backend_pid()"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        return url

    def _pg_ctl(self, *options: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", *options)

    def _run(self, program: str, *options: str) -> None:
        command = [str(self.programs / program), *options]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid", POSTGRES, "--regid", POSTGRES, "--clear-groups", *command]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=60, cwd=self.folder, check=False
        )
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stderr or result.stdout}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running server; the test is skipped if PostgreSQL is not installed or cannot be started."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="leadcast-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, POSTGRES, POSTGRES)
        server = Server(programs, folder)
    except (OSError, LookupError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be started here: {error}")
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """None for the default SQLite file, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, store_url: str | None, clock: Clock) -> Iterator[Store]:
    """An empty store of each kind, with the test's clock."""
    store = Store(tmp_path / "home", store_url, clock)
    yield store
    store.close()
