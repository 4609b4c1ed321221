"""The store inside a worker of the service: opened in the background, closed with it, its outages told as problems."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client import Counter
from sqlalchemy import Connection

from models.bundle import Bundle
from serving.base.json_logs import LOGGER, described
from serving.base.metrics import Gauge
from serving.base.micro_batch import MicroBatch
from serving.store.disk_guard import cautions
from serving.store.errors import StoreUnavailable, Trouble
from serving.store.reports import Outlook
from serving.store.rescoring import Rescorer, count_waiting
from serving.store.store import Store
from serving.store.writer import Replies, Work

WRITE_SECONDS = 10.0
READ_SECONDS = 15.0
COUNT_SECONDS = 1.0
READERS = 4
TRACES_TRIES = 25
TRACES_PAUSE_S = 0.2
TRACES_LONG_PAUSE_S = 5.0  # after so many tries

EVENTS = Counter("leadcast_events_total", "Events received, by what became of them.", ["result"])
ACCEPTED, DUPLICATE, REJECTED = (EVENTS.labels(result) for result in ("accepted", "duplicate", "rejected"))

Result = TypeVar("Result")
ReadEach = Callable[[Connection, Sequence[Any]], Sequence[Any]]  # one result for each that is asked, in order


class StoreService:
    """A worker's way to the store; `bundle` gives the model in use, None for none."""

    def __init__(self, home: Path, url: str | None, bundle: Callable[[], Bundle | None]) -> None:
        self.store = Store(home, url)
        self.rescorer = Rescorer(self.store, bundle)
        self.rescorer.on_failure = _log_failure
        self.outlook = Outlook(self.store)
        self.trouble = Trouble()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._replies: Replies | None = None
        self._batch: MicroBatch[tuple[ReadEach, Any], Any] = MicroBatch(self._read_alike)
        self._erasing: set[asyncio.Task[None]] = set()
        self._counting: Future[tuple[int, int]] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens the store where it can be reached, keeps scores fresh, commits what waits at the end."""
        for caution in cautions(self.store.engine.path):
            LOGGER.warning(caution)
        try:
            await asyncio.to_thread(self.store.engine.ensure)
        except StoreUnavailable as outage:
            self.trouble.failed("read", outage)
        self.rescorer.start()
        try:
            yield
        finally:
            for task in self._erasing:
                task.cancel()
            await asyncio.gather(*self._erasing, return_exceptions=True)
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.rescorer.close()
        self._readers.shutdown()
        self.outlook.close()
        self.store.close()

    async def write(self, work: Work, payload: Any, weight: int = 1) -> Any:
        """What `work` returns for the payload, once it is durable; Problem 503 when it may not be: send it again."""
        reply = self._replies_here().expect()
        try:
            self.store.writer.queue(work, payload, weight, reply)
            async with asyncio.timeout(WRITE_SECONDS):
                result = await reply.future
        except StoreUnavailable as outage:
            raise self.trouble.failed("written", outage) from None
        except TimeoutError:
            raise self.trouble.slow("written") from None
        self.trouble.worked("written")
        return result

    def _replies_here(self) -> Replies:
        loop = asyncio.get_running_loop()
        if self._replies is None or self._replies.loop is not loop:
            self._replies = Replies(loop)
        return self._replies

    async def read(self, read: Callable[[Connection], Result], light: bool = False) -> Result:
        """What `read` makes of one view of the store; a light one is not worth a thread where the store is a file."""
        engine = self.store.engine

        def run() -> Result:
            with engine.reading() as connection:
                return read(connection)

        try:
            if light and engine.is_ready and engine.path is not None:
                result = run()
            else:
                async with asyncio.timeout(READ_SECONDS):
                    result = await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except StoreUnavailable as outage:
            raise self.trouble.failed("read", outage) from None
        except TimeoutError:
            raise self.trouble.slow("read") from None
        self.trouble.worked("read")
        return result

    async def read_each(self, key: Hashable, read: ReadEach, asked: Any) -> Any:
        """What `read` makes of this and of what is asked at the same moment with the same key, in one view."""
        engine = self.store.engine
        if not engine.is_ready or engine.path is None:
            (answer,) = await self.read(lambda connection: read(connection, [asked]))
            return answer
        try:
            result = await self._batch.submit(key, (read, asked))
        except StoreUnavailable as outage:
            raise self.trouble.failed("read", outage) from None
        self.trouble.worked("read")
        return result

    def _read_alike(self, asks: Sequence[tuple[ReadEach, Any]]) -> Sequence[Any]:
        read = asks[0][0]
        with self.store.engine.reading() as connection:
            return read(connection, [asked for _, asked in asks])

    async def erase_traces(self) -> None:
        """Empties the log that still holds what was deleted; goes on in the background where readers hold it up."""
        task = asyncio.create_task(self._erase_traces())
        self._erasing.add(task)
        task.add_done_callback(self._erasing.discard)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), WRITE_SECONDS)

    async def _erase_traces(self) -> None:
        """Tries until it has worked: what reads for long (a training, an export) must not keep what was erased."""
        for tried in count(1):
            with suppress(StoreUnavailable):
                if await asyncio.to_thread(self.store.engine.erase_traces):
                    return
            if tried == TRACES_TRIES:
                LOGGER.warning("erased rows are still in the store's log: it is being read; trying on")
            await asyncio.sleep(TRACES_PAUSE_S if tried < TRACES_TRIES else TRACES_LONG_PAUSE_S)

    def gauges(self) -> Iterable[Gauge]:
        """Size, queues and free space, for /metrics; what cannot be read now is left out."""
        yield (
            "leadcast_store_bytes",
            "Size of the store's files.",
            {},
            float(self.store.engine.bytes_on_disk()),
        )
        yield (
            "leadcast_store_writes_waiting",
            "Rows that wait for their commit.",
            {},
            float(self.store.waiting),
        )
        with suppress(StoreUnavailable, TimeoutError):
            waiting, leads = self._counts()
            yield "leadcast_rescore_queue", "Leads that wait for a new score.", {}, float(waiting)
            yield "leadcast_leads", "Leads in the store.", {}, float(leads)
        disk = self.store.engine.disk
        if disk.folder is not None:
            yield "leadcast_disk_free_bytes", "Free space for the store.", {}, float(disk.free_bytes())
            yield (
                "leadcast_disk_floor_bytes",
                "Below this, writes are refused.",
                {},
                float(disk.floor_bytes()),
            )

    def _counts(self) -> tuple[int, int]:
        """Leads that wait for a score, and all; TimeoutError where the store is slow, one thread at most waits on."""
        if self._counting is None or self._counting.done():
            self._counting = self._readers.submit(self._count)
        return self._counting.result(COUNT_SECONDS)

    def _count(self) -> tuple[int, int]:
        with self.store.engine.reading() as connection:
            waiting = count_waiting(connection)
        return waiting, self.store.count_leads()


def _log_failure(error: Exception) -> None:
    fields = {"reason": error.reason} if isinstance(error, StoreUnavailable) else described(error)
    LOGGER.log(logging.ERROR, "rescoring failed", extra={"fields": fields})
