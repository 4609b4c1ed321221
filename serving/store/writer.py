"""Group commit: what many callers ask to write at once becomes one durable transaction."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from queue import SimpleQueue
from typing import Any, Protocol

from sqlalchemy import Connection, bindparam, select, update

from serving.store import schema as db
from serving.store.engine import StoreEngine
from serving.store.errors import StoreUnavailable, translated
from serving.store.statements import Change, Query

GROUP_WEIGHT = 4_000  # rows of one transaction, roughly
MAX_WAITING = 50_000
LINGER_SHARE = 0.25  # of the last commit's time, which callers that it answered have to come again
LONGEST_LINGER_S = 0.005
ROWS_IN_LOG = 200  # after so many the log is carried back
CARRYING_SHARE = 0.1  # of the time, at most
FIRST_ROW = 1


@dataclass
class Transaction:
    """One write: its connection, its arrival time, and the numbers it hands out.

    row_no counts the rows of all tables in their order of arrival; lead_no is never given twice.
    """

    connection: Connection
    now_us: int
    _counters: dict[str, int] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def numbers(self, counter: str, count: int) -> range:
        """The next `count` numbers of a counter ('row_no' or 'lead_no')."""
        if counter not in self._counters:
            self._counters[counter] = int(read_setting(self.connection, counter) or FIRST_ROW)
        first = self._counters[counter]
        self._counters[counter] = first + count
        self._changed.add(counter)
        return range(first, first + count)

    def finish(self) -> None:
        for counter in self._changed:
            write_setting(self.connection, counter, str(self._counters[counter]))


_NAMED = db.settings.c.name == bindparam("named")
READ_SETTING = Query(select(db.settings.c.value).where(_NAMED))
CHANGE_SETTING = Change(update(db.settings).where(_NAMED).values(value=bindparam("text")))


def read_setting(connection: Connection, name: str) -> str | None:
    rows = READ_SETTING.rows(connection, named=name)
    return rows[0][0] if rows else None


def write_setting(connection: Connection, name: str, value: str) -> None:
    if not CHANGE_SETTING.count(connection, named=name, text=value):
        connection.execute(db.settings.insert(), [{"name": name, "value": value}])


Work = Callable[[Transaction, Sequence[Any]], Sequence[Any]]


class Promise(Protocol):
    """Where a result goes: a future of this process's threads, or one of an event loop."""

    def set_running_or_notify_cancel(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException | None, /) -> None: ...


@dataclass(frozen=True)
class _Job:
    work: Work
    payload: Any
    weight: int
    future: Promise


class Writer:
    """The thread that writes for this process; between processes the engine's lock gives the turns.

    A job is a function over the payloads of all neighbouring jobs of its kind: it returns one result each. Futures
    resolve after the commit. A failure of the database fails them all with StoreUnavailable: nothing was stored.
    """

    def __init__(self, engine: StoreEngine, now_us: Callable[[], int]) -> None:
        self._engine = engine
        self._now_us = now_us
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._waiting = 0
        self._count = threading.Lock()
        self._thread: threading.Thread | None = None
        self._held_back: _Job | None = None
        self._linger_s = 0.0
        self._rows_in_log = 0
        self._carry_at = 0.0

    @property
    def waiting(self) -> int:
        """Weight of what was asked for and is not yet committed."""
        return self._waiting

    def submit(self, work: Work, payload: Any, weight: int = 1) -> "Future[Any]":
        """Queues a job; StoreUnavailable at once when too much waits already."""
        future: Future[Any] = Future()
        self.queue(work, payload, weight, future)
        return future

    def queue(self, work: Work, payload: Any, weight: int, future: Promise) -> None:
        """Queues a job whose result goes to the future; StoreUnavailable at once when too much waits already.

        A job that alone is too much is taken when nothing waits: sent again it would be as large.
        """
        with self._count:
            if self._waiting and self._waiting + weight > MAX_WAITING:
                raise StoreUnavailable("too many writes wait for the store")
            self._waiting += weight
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()
        self._queue.put(_Job(work, payload, weight, future))

    def write(self, work: Work, payload: Any, weight: int = 1, timeout: float | None = None) -> Any:
        """Submits one job and waits for its commit."""
        return self.submit(work, payload, weight).result(timeout)

    def close(self) -> None:
        """Commits what waits, ends the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (jobs := self._next_group()) is not None:
            live = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            if live:
                self._commit_timed(live)
            weight = sum(job.weight for job in jobs)
            with self._count:
                self._waiting -= weight
            self._carry_back(weight)

    def _carry_back(self, rows: int) -> None:
        """Carries a log that has grown back between two commits: inside of one, its callers would wait for it."""
        self._rows_in_log += rows
        begun = time.perf_counter()
        if self._rows_in_log < ROWS_IN_LOG or begun < self._carry_at:
            return
        with suppress(StoreUnavailable):
            self._engine.carry_back()
        self._rows_in_log = 0
        ended = time.perf_counter()
        self._carry_at = ended + (ended - begun) / CARRYING_SHARE

    def _commit_timed(self, jobs: list[_Job]) -> None:
        """Where several callers write at once, the next group is worth waiting for a little: fewer commits, as late."""
        begun = time.perf_counter()
        self._commit(jobs)
        took = time.perf_counter() - begun
        self._linger_s = min(LONGEST_LINGER_S, LINGER_SHARE * took) if len(jobs) > 1 else 0.0

    def _next_group(self) -> list[_Job] | None:
        job = self._held_back or self._queue.get()
        self._held_back = None
        if job is None:
            return None
        if self._linger_s:
            time.sleep(self._linger_s)
        group, weight = [job], job.weight
        while weight < GROUP_WEIGHT and not self._queue.empty():
            following = self._queue.get()
            if following is None:
                self._queue.put(None)
                break
            if weight + following.weight > GROUP_WEIGHT:
                self._held_back = following
                break
            group.append(following)
            weight += following.weight
        return group

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            results = self._transact(jobs)
        except Exception as error:
            outage = translated(error)
            if outage is None and len(jobs) > 1:
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.future.set_exception(outage or error)
            return
        for job, result in zip(jobs, results, strict=True):
            job.future.set_result(result)

    def _transact(self, jobs: list[_Job]) -> list[Any]:
        results: list[Any] = []
        with self._engine.writing() as connection:
            transaction = Transaction(connection, self._now_us())
            for work, same in groupby(jobs, key=lambda job: job.work):
                results.extend(work(transaction, [job.payload for job in same]))
            transaction.finish()
        return results


class Replies:
    """The futures of one event loop that another thread resolves; the loop is woken once for all that have come."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._come: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()

    def expect(self) -> "Reply":
        return Reply(self, self.loop.create_future())

    def take(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        """Called by the one thread that resolves: who finds nothing before its own wakes the loop."""
        self._come.append((future, result, error))
        if len(self._come) == 1:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        while self._come:
            future, result, error = self._come.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


class Reply:
    """One awaited result, with what a writer asks of a future."""

    __slots__ = ("_replies", "future")

    def __init__(self, replies: Replies, future: "asyncio.Future[Any]") -> None:
        self._replies = replies
        self.future = future

    def set_running_or_notify_cancel(self) -> bool:
        """False when nobody waits any more and the work need not be done."""
        return not self.future.cancelled()

    def set_result(self, result: Any) -> None:
        self._replies.take(self.future, result, None)

    def set_exception(self, exception: BaseException | None) -> None:
        self._replies.take(self.future, None, exception)
