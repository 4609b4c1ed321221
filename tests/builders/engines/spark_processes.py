"""A Spark master and a worker of two cores as processes on loopback; skipped without PySpark or Java."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.builders.engines.dask_processes import ROOT, end, free_port

STARTS_WITHIN_S = 60


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """HOST:PORT of a master whose worker has two cores; `folder` takes logs and scratch files."""
    found = find_spec("pyspark")
    if found is None or found.origin is None or shutil.which("java") is None:
        pytest.skip("no Spark: pip install 'leadcast[spark]', apt-get install default-jre-headless")
    home, port = Path(found.origin).parent, free_port()
    address = f"127.0.0.1:{port}"
    master = ("master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", "0")
    worker = ("worker.Worker", "--host", "127.0.0.1", "--webui-port", "0", "-c", "2", "-m", "2g")
    commands = [master, (*worker, "-d", str(folder / "work"), f"spark://{address}")]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            started.append(_start(home, command, folder))
            _wait_for(address)
        yield address
    finally:
        for process in started:
            end(process)


def _start(home: Path, command: tuple[str, ...], folder: Path) -> subprocess.Popen[bytes]:
    # Functions of the tests are found there, too.
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable,
    }
    name, *options = command
    words = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *options]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            words, stdout=log, stderr=log, env=environment, cwd=folder, start_new_session=True
        )


def _wait_for(address: str) -> None:
    host, port = address.split(":")
    last = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            if time.monotonic() > last:
                raise
            time.sleep(0.2)
        else:
            return
