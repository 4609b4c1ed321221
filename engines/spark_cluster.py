"""Executors of a Spark cluster in standalone mode, used for their Python workers alone: no data frames."""

import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext

from engines.work import AHEAD, PACKAGES, PARTS_A_WORKER, Closed, Wait, in_order, packed, run
from history.base.engine import Part, Result, Shared
from history.base.errors import EngineFailed

CONNECT_S: Final = 10  # seconds until a master that does not answer is given up
SETTINGS: Final = [
    ("spark.scheduler.mode", "FAIR"),  # parts run side by side, each a job of its own
    ("spark.ui.enabled", "false"),
    ("spark.ui.showConsoleProgress", "false"),
]


class SparkCluster(Closed):
    """An engine of the cores of a cluster's executors; address: HOST:PORT of the master.

    Spark does the part of a lost executor again. Raises EngineFailed if the master does not answer, or if the Python of
    its executors lacks Leadcast; one with other versions ends the first part.
    """

    def __init__(self, address: str, parts: int | None = None) -> None:
        self.address = f"spark://{address}"
        self._require_master(address)
        # Executors take the same command as the driver, unless their own environment names another one.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        conf = SparkConf().setMaster(self.address).setAppName("leadcast").setAll(SETTINGS)
        self._context = SparkContext(conf=conf)
        self._context.setLogLevel("OFF")  # what fails is raised
        try:
            self._result(self._context.parallelize(PACKAGES, 1).map(version).collect)
        except BaseException:
            self._context.stop()
            raise
        self.workers: int = self._context.defaultParallelism
        self._threads = ThreadPoolExecutor(AHEAD * self.workers)
        self.n_parts = parts or PARTS_A_WORKER * self.workers

    def _require_master(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise EngineFailed(
                f"{self.address} does not answer: check that a Spark master runs there"
            ) from error

    def map(
        self, function: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Iterator[Result]:
        """See `history.base.engine.Engine`."""
        job = self._context.broadcast(packed(function, shared))
        return in_order(lambda part: self._submit(job, part), parts, AHEAD * self.workers)

    def _submit(self, job: Any, part: bytes) -> Wait:
        """Starts a Spark job of one task for the part."""
        one = self._context.parallelize([part], 1).map(_Attempt(job))
        return partial(self._wait, self._threads.submit(one.collect))

    def _result(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Py4JError as error:
            raise EngineFailed(
                f"{self.address} cannot do the work: install the same versions of Leadcast and its packages for the "
                f"executors' Python, or look into their logs ({_first_line(error)})"
            ) from error

    def _wait(self, future: "Future[Any]") -> Any:
        """The result of a part; raises what its function raised."""
        ((is_done, result),) = self._result(future.result)
        if not is_done:
            raise result
        return result

    def close(self) -> None:
        """Ends the application in the cluster, which goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._context.stop()


class _Attempt:
    """Does one part in an executor; what its function raises is its result, so that Spark does not try again."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def __call__(self, part: bytes) -> tuple[bool, Any]:
        try:
            return True, run(self._job.value, part)
        except Exception as error:
            return False, error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
