"""Processes of this machine."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from types import TracebackType
from typing import Any, Final

from engines.work import LostWorker, in_order, packed, run
from history.base.engine import Part, Result, Shared

PARTS_A_WORKER: Final = 4
AHEAD: Final = 2  # parts of each worker that are made in advance


class Processes:
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
        return in_order(lambda part: _Running(self, job, part), parts, AHEAD * self.workers)

    def submit(self, job: bytes, part: bytes) -> tuple[ProcessPoolExecutor, "Future[Any]"]:
        """Hands the part to a pool, which is returned; a new one if a process of the last was lost."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin)
        try:
            return self._pool, self._pool.submit(run, job, part)
        except BrokenProcessPool:
            self.drop(self._pool)
            return self.submit(job, part)

    def drop(self, pool: ProcessPoolExecutor) -> None:
        """Forgets a pool of which a process was lost; the others of it have ended too."""
        if self._pool is pool:
            self._pool = None
            pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


class _Running:
    """A part that a process works on, or will."""

    def __init__(self, engine: Processes, job: bytes, part: bytes) -> None:
        self._engine = engine
        self._pool, self._future = engine.submit(job, part)

    def result(self) -> Any:
        try:
            return self._future.result()
        except BrokenProcessPool as broken:
            self._engine.drop(self._pool)
            raise LostWorker from broken


def _begin() -> None:
    """The start of a process: Ctrl-C is the command's to handle, and no process outlives the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
