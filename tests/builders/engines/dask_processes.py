"""A Dask scheduler and its workers as processes on loopback, started by the commands of the guide."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guides" / "cluster.md"
PORT = "8786"  # of the guide's commands


@dataclass(frozen=True)
class RunningCluster:
    """HOST:PORT of the scheduler, and its processes."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: subprocess.Popen[bytes]


def guide_commands(first_words: str) -> list[str]:
    """The lines of the guide that begin with these words."""
    return re.findall(rf"^{first_words}.*$", GUIDE.read_text(encoding="utf-8"), re.M)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[RunningCluster]:
    """A scheduler with two workers of one thread; `folder` takes their logs and scratch files."""
    port = free_port()
    scheduler = start(guide_commands("dask scheduler")[0].replace(PORT, port), folder)
    workers = start(
        f"{guide_commands('dask worker')[0].replace(PORT, port)} --local-directory {folder}", folder
    )
    address = f"127.0.0.1:{port}"
    try:
        with Client(f"tcp://{address}", timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield RunningCluster(address, scheduler, workers)
    finally:
        for process in (workers, scheduler):
            end(process)


def start(command: str, folder: Path) -> subprocess.Popen[bytes]:
    words = command.split()
    assert words[0] == "dask"
    # Functions of the tests are found there, too.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (folder / f"{words[1]}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words[1:]],
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])
