"""Processes of this machine."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any

from engines.work import AHEAD, PARTS_A_WORKER, Closed, LostWorker, Wait, in_order, packed, run
from history.base.engine import Part, Result, Shared


class Processes(Closed):
    """An engine of `workers` processes, started at the first part; parts: how many, by default several a worker.

    Processes are started afresh rather than forked: a fork of a process with threads may hang.
    """

    def __init__(self, workers: int, parts: int | None = None) -> None:
        self.workers = workers
        self.n_parts = parts or PARTS_A_WORKER * workers
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self, function: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Iterator[Result]:
        """See `history.base.engine.Engine`."""
        job = packed(function, shared)
        return in_order(lambda part: self._submit(job, part), parts, AHEAD * self.workers)

    def _submit(self, job: bytes, part: bytes) -> Wait:
        """Hands the part to the pool; to a new one if a process of the last was lost."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin)
        try:
            future = self._pool.submit(run, job, part)
        except BrokenProcessPool:
            self._drop(self._pool)
            return self._submit(job, part)
        return partial(self._wait, self._pool, future)

    def _wait(self, pool: ProcessPoolExecutor, future: "Future[Any]") -> Any:
        try:
            return future.result()
        except BrokenProcessPool as broken:
            self._drop(pool)
            raise LostWorker from broken

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        """Ends a pool and forgets it, unless another one took its place already."""
        if self._pool is pool:
            self._pool = None
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """Ends the processes."""
        if self._pool is not None:
            self._drop(self._pool)


def _begin() -> None:
    """The start of a process: Ctrl-C is the command's to handle, and no process outlives the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
