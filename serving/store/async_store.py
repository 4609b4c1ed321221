"""The store inside a worker of the service: asynchronous reads and writes, with outages recorded."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from prometheus_client import Counter
from sqlalchemy import Connection

from models.bundle import Bundle
from serving.base.json_logs import LOGGER, described
from serving.base.metrics import Gauge
from serving.base.micro_batch import MicroBatch, ThreadBatch
from serving.store.database.futures import LoopFutures
from serving.store.database.single_reads import SingleReads
from serving.store.database.storage_warnings import storage_warnings
from serving.store.database.writer import Work
from serving.store.errors import StoreUnavailable
from serving.store.outage_state import OutageState
from serving.store.reports.cache import DIRECT, CachedReports
from serving.store.reports.keeper import ReportKeeper
from serving.store.reports.kept import Schedule
from serving.store.scores.rescoring.changed_leads import count_waiting
from serving.store.scores.rescoring.rescorer import Rescorer
from serving.store.scores.worklist.worklist import Worklist
from serving.store.store import Store

# A hanging server must not keep requests open; both leave time for BUSY_TIMEOUT_S and a long commit.
WRITE_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 15.0
COUNT_TIMEOUT_S = 1.0  # /metrics is scraped every few seconds and does without the counts
READER_THREADS = 4
ERASURE_PAUSE_S = 0.2
QUICK_ERASURE_TRIES = 25
LONG_ERASURE_PAUSE_S = 5.0  # after the quick tries

EVENTS = Counter("leadcast_events_total", "Events received, by result.", ["result"])
ACCEPTED, DUPLICATE, REJECTED = (EVENTS.labels(result) for result in ("accepted", "duplicate", "rejected"))

Result = TypeVar("Result")


class Reader(Protocol):
    """Answers several requests together: one result for each, in order."""

    def read(self, connection: Connection, requests: Sequence[Any]) -> Sequence[Any]:
        """In a read transaction."""

    def read_alone(self, reads: SingleReads, requests: Sequence[Any]) -> Sequence[Any] | None:
        """By a single statement and what was kept; None if that is not enough."""


class _Request(NamedTuple):
    reader: Reader
    request: Any


class _Counts(NamedTuple):
    waiting: int
    leads: int


class AsyncStore:
    """A worker's access to the store; `bundle` returns the current model, None if there is none."""

    def __init__(
        self,
        home: Path,
        url: str | None,
        bundle: Callable[[], Bundle | None],
        reports: Schedule = DIRECT,
    ) -> None:
        self.store = Store(home, url)
        self.rescorer = Rescorer(self.store, bundle)
        self.rescorer.on_failure = partial(_log_failure, "rescoring failed")
        self.reports = CachedReports(self.store, reports)
        self.report_keeper = ReportKeeper(self.store, url, bundle, reports)
        self.report_keeper.on_failure = partial(_log_failure, "reports could not be prepared")
        self.worklist = Worklist(lambda: self.store.now_us())
        self.outages = OutageState()
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="store-reader")
        self._futures: LoopFutures | None = None
        self._batch: MicroBatch[_Request, Any] = MicroBatch(self._read_alike)
        self._server_batch: ThreadBatch[_Request, Any] = ThreadBatch(self._read_alike_in_thread)
        self._erasures: set[asyncio.Task[None]] = set()
        self._counting: Future[_Counts] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens the store if it can be reached and keeps scores fresh; commits queued writes at the end."""
        for warning in storage_warnings(self.store.engine.path):
            LOGGER.warning(warning)
        try:
            await asyncio.to_thread(self.store.engine.ensure)
        except StoreUnavailable as outage:
            self.outages.failed("read", outage)
        self.rescorer.start()
        self.report_keeper.start()
        try:
            yield
        finally:
            for task in self._erasures:
                task.cancel()
            await asyncio.gather(*self._erasures, return_exceptions=True)
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.rescorer.close()
        self.report_keeper.close()
        self._readers.shutdown()
        self.reports.close()
        self.store.close()

    async def write(self, work: Work, payload: Any, weight: int = 1) -> Any:
        """The result of `work` for the payload, once it is durable.

        Raises StoreUnavailable if it may not be durable: the caller has to send it again.
        """
        future = self._loop_futures().create()
        try:
            self.store.writer.queue(work, payload, weight, future)
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                result = await future.future
        except StoreUnavailable as outage:
            raise self.outages.failed("written", outage) from None
        except TimeoutError:
            raise self.outages.timed_out("written") from None
        self.outages.succeeded("written")
        return result

    def _loop_futures(self) -> LoopFutures:
        loop = asyncio.get_running_loop()
        if self._futures is None or self._futures.loop is not loop:
            self._futures = LoopFutures(loop)
        return self._futures

    async def read(self, read: Callable[[Connection], Result], light: bool = False) -> Result:
        """Runs `read` in one read transaction, in a reader thread; `light=True` runs it inline on SQLite.

        Raises StoreUnavailable.
        """
        engine = self.store.engine

        def run() -> Result:
            with engine.reading() as connection:
                return read(connection)

        # The way to a thread and back takes longer than reading a few rows of a file.
        if light and engine.is_ready and engine.path is not None:
            with self._recorded():
                return run()
        return await self._in_thread(run)

    async def _in_thread(self, run: Callable[[], Result]) -> Result:
        with self._recorded():
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Records whether a read succeeds."""
        try:
            yield
        except StoreUnavailable as outage:
            raise self.outages.failed("read", outage) from None
        except TimeoutError:
            raise self.outages.timed_out("read") from None
        self.outages.succeeded("read")

    async def read_each(self, key: Hashable, reader: Reader, request: Any) -> Any:
        """The result of `reader` for one request; requests with the same key that come together share a call.

        Raises StoreUnavailable.
        """
        engine = self.store.engine
        if not engine.is_ready or engine.path is None:  # a server's answer must not block the event loop
            return await self._server_batch.submit(key, _Request(reader, request))
        with self._recorded():
            return await self._batch.submit(key, _Request(reader, request))

    def _read_alike(self, requests: Sequence[_Request]) -> Sequence[Any]:
        reader, each = requests[0].reader, [one.request for one in requests]
        engine = self.store.engine
        results = reader.read_alone(engine.single_reads, each) if engine.is_ready else None
        if results is None:
            with engine.reading() as connection:
                results = reader.read(connection, each)
        return results

    async def _read_alike_in_thread(self, requests: Sequence[_Request]) -> Sequence[Any]:
        return await self._in_thread(partial(self._read_alike, requests))

    async def erase_traces(self) -> None:
        """Removes remains of deleted rows; continues in the background if a reader still uses the write-ahead log."""
        task = asyncio.create_task(self._erase_traces())
        self._erasures.add(task)
        task.add_done_callback(self._erasures.discard)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), WRITE_TIMEOUT_S)

    async def _erase_traces(self) -> None:
        """Tries until it succeeds: a long reader (a training, an export) must not keep erased rows in the files."""
        for tries in count(1):
            with suppress(StoreUnavailable):
                if await asyncio.to_thread(self.store.engine.erase_traces):
                    return
            if tries == QUICK_ERASURE_TRIES:
                LOGGER.warning(
                    "erased rows are still in the write-ahead log, which a reader uses; trying again"
                )
            await asyncio.sleep(ERASURE_PAUSE_S if tries < QUICK_ERASURE_TRIES else LONG_ERASURE_PAUSE_S)

    def gauges(self) -> Iterable[Gauge]:
        """Size, queues and free space, for /metrics; without those that cannot be read now."""
        engine = self.store.engine
        yield _gauge("leadcast_store_bytes", "Size of the store's files.", engine.bytes_on_disk())
        yield _gauge("leadcast_store_writes_waiting", "Rows that wait for their commit.", self.store.waiting)
        with suppress(StoreUnavailable, TimeoutError):
            counts = self._counts()
            yield _gauge("leadcast_rescore_queue", "Leads that wait for a new score.", counts.waiting)
            yield _gauge("leadcast_leads", "Leads in the store.", counts.leads)
        disk = engine.disk
        if disk.folder is not None:
            yield _gauge("leadcast_disk_free_bytes", "Free space for the store.", disk.free_bytes())
            yield _gauge("leadcast_disk_floor_bytes", "Below this, writes are refused.", disk.floor_bytes())

    def _counts(self) -> _Counts:
        """Raises TimeoutError if the store is slow; however many callers there are, one thread at most is busy."""
        if self._counting is None or self._counting.done():
            self._counting = self._readers.submit(self._count)
        return self._counting.result(COUNT_TIMEOUT_S)

    def _count(self) -> _Counts:
        with self.store.engine.reading() as connection:
            waiting = count_waiting(connection)
        return _Counts(waiting, self.store.count_leads())


def _gauge(name: str, description: str, value: float) -> Gauge:
    return Gauge(name, description, {}, float(value))


def _log_failure(event: str, error: Exception) -> None:
    fields = {"reason": error.reason} if isinstance(error, StoreUnavailable) else described(error)
    LOGGER.log(logging.ERROR, event, extra={"fields": fields})
