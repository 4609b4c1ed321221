"""Workers of a Dask cluster that runs already, reached through its scheduler alone."""

import logging
import platform
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import dask
from distributed import Client, KilledWorker
from distributed.security import Security

from engines.work import (
    AHEAD,
    PACKAGES,
    PARTS_A_WORKER,
    Closed,
    LostWorker,
    Wait,
    in_order,
    packed,
    refuse_other_versions,
    run,
    versions,
)
from history.base.engine import Part, Result, Shared
from history.base.errors import EngineFailed

CONNECT_S: Final = 10  # seconds until a scheduler that does not answer is given up
LOOK_S: Final = 10  # seconds between looks at a part that takes long
LONGEST_ALONE: Final = 6  # looks in a row that find no worker
# What is sent as an argument of a task survives the loss of workers; Dask warns from 10 MB on.
_QUIET: Final = {"distributed.admin.large-graph-warning-threshold": "1GB"}


class DaskCluster(Closed):
    """An engine of the threads of a cluster's workers; address: HOST:PORT of the scheduler.

    Encrypted if Dask's configuration names certificates. Raises EngineFailed if the scheduler does not answer, has no
    worker, or one with other versions of what decides the last bit.
    """

    def __init__(self, address: str, parts: int | None = None) -> None:
        self.address = f"dask://{address}"
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what fails is raised
        scheme = "tls" if Security().tls_ca_file else "tcp"
        try:
            self._client = Client(f"{scheme}://{address}", timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EngineFailed(
                f"{self.address} does not answer: check that `dask scheduler` runs there, and that both sides have TLS "
                "or neither"
            ) from error
        try:
            self.workers = self._checked_workers()
        except BaseException:
            self._client.close()
            raise
        self.n_parts = parts or PARTS_A_WORKER * self.workers

    def _checked_workers(self) -> int:
        """The number of threads of all workers, whose versions are those of this process."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError:
            raise EngineFailed(
                f"{self.address} has no worker: start some with `dask worker`, then repeat the command"
            ) from None
        threads = int(sum(self._client.nthreads().values()))
        theirs: dict[str, dict[str, str]] = {}
        for name in PACKAGES:
            for worker, found in self._client.run(version, name, on_error="return").items():
                theirs.setdefault(worker, {})[name] = found if isinstance(found, str) else "none"
        for worker, found in self._client.run(platform.python_version).items():
            theirs[worker]["python"] = found.rpartition(".")[0]
        for worker, their_versions in theirs.items():
            refuse_other_versions(versions(), their_versions, worker)
        return threads

    def map(
        self, function: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Iterator[Result]:
        """See `history.base.engine.Engine`."""
        job = self._task(bytes, packed(function, shared))
        return in_order(lambda part: self._submit(job, part), parts, AHEAD * self.workers)

    def _submit(self, job: Any, part: bytes) -> Wait:
        """Hands the part to one worker; job: the future of what all share."""
        try:
            # Twice as fast as within a task; if the worker is lost with it, in_order submits the part again.
            sent = self._client.scatter(part, direct=False, hash=False)
        except (OSError, CancelledError):
            sent = part  # the worker chosen for it has just ended
        return partial(self._wait, self._task(run, job, sent))

    def _task(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._require_scheduler()
        with dask.config.set(_QUIET):
            return self._client.submit(function, *arguments, pure=False)

    def _wait(self, future: Any) -> Any:
        """The result of a future; raises LostWorker if its worker was lost, EngineFailed if all are."""
        alone = 0
        while True:
            try:
                return future.result(timeout=LOOK_S)
            except TimeoutError:
                self._require_scheduler()
                alone = 0 if self._client.nthreads() else alone + 1
                if alone >= LONGEST_ALONE:
                    raise EngineFailed(
                        f"{self.address} has lost its last worker: start some, then repeat the command"
                    ) from None
            except (CancelledError, KilledWorker) as lost:
                self._require_scheduler()
                raise LostWorker from lost

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise EngineFailed(
                f"{self.address} went away in mid-run: start the scheduler again, then repeat the command"
            )

    def close(self) -> None:
        """Leaves the cluster, which goes on."""
        self._client.close()
