"""The engine that a person names: processes of this machine, or a cluster by its address."""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple

from history.base.engine import Engine
from history.base.errors import InvalidInput

MOST_PROCESSES: Final = 256
EXPECTED: Final = f"expected processes, processes:N with N from 1 to {MOST_PROCESSES}, dask://HOST:PORT or spark://HOST:PORT"
_PROCESSES: Final = re.compile(r"processes(?::([1-9][0-9]{0,2}))?")
_CLUSTER: Final = re.compile(r"(dask|spark)://((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5})")


class _Address(NamedTuple):
    """A number of processes, or the kind of a cluster and HOST:PORT of its scheduler."""

    processes: int
    cluster: str = ""
    scheduler: str = ""


def check_address(address: str | None) -> None:
    """Raises InvalidInput unless the address is None or one that `open_engine` understands."""
    if address is not None:
        _read(address)


@contextmanager
def open_engine(address: str | None) -> Iterator[Engine | None]:
    """The engine of an address until the block ends; None for None, which is this process alone.

    `processes` are as many as there are cores, `processes:N` are N; `dask://HOST:PORT` and
    `spark://HOST:PORT` are clusters by their scheduler or master. Raises InvalidInput for another address, EngineFailed
    if the cluster cannot be used.
    """
    if address is None:
        yield None
        return
    with _engine_of(_read(address)) as engine:
        yield engine


def _engine_of(address: _Address) -> AbstractContextManager[Engine]:
    if address.cluster == "dask":
        from engines.dask_cluster import DaskCluster

        return DaskCluster(address.scheduler)
    if address.cluster == "spark":
        from engines.spark_cluster import SparkCluster

        return SparkCluster(address.scheduler)
    from engines.processes import Processes

    return Processes(address.processes)


def _read(address: str) -> _Address:
    if match := _CLUSTER.fullmatch(address):
        return _Address(0, match[1], match[2])
    match = _PROCESSES.fullmatch(address)
    count = int(match[1] or os.cpu_count() or 1) if match else 0
    if not 1 <= count <= MOST_PROCESSES:
        raise InvalidInput(f"{address!r} is no engine: {EXPECTED}")
    return _Address(count)
