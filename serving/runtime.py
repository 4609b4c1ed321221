"""State of one worker while it serves: settings, store, model in use, metrics."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import Connection, select

from serving.base.collector import rare_full_collections
from serving.base.metrics import States
from serving.base.settings import Settings
from serving.jobs.jobs import Jobs
from serving.model.watch import ModelWatch
from serving.store import schema as db
from serving.store.async_store import AsyncStore
from serving.store.errors import StoreUnavailable
from serving.store.reports.cache import DIRECT_ROWS
from serving.store.reports.kept import Schedule

FIRST_LOOK_SECONDS = 20.0  # requests are accepted after this time even without a model
STORE_SECONDS = 1.5
MINUTE_US = 60_000_000
# A full collection walks through all that a worker keeps of leads, 25 to 100 ms. By itself it comes with each quarter
# more of kept objects: with every thousand first reads or so.
COLLECT_SECONDS = 60.0


def _any_lead(connection: Connection) -> object:
    return connection.execute(select(db.leads.c.lead_no).limit(1)).first()


class Runtime:
    """One per process; `running` spans the life of the worker."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.watch = ModelWatch(settings.home, settings.run_folder)
        self.jobs = Jobs(settings.home)
        self.states = States()
        reports = Schedule(settings.report_minutes * MINUTE_US, DIRECT_ROWS)
        self.stored = AsyncStore(settings.home, settings.database_url, lambda: self.watch.current, reports)
        self.states.sources += [self.watch.gauges, self.stored.gauges]

    async def store_answers(self) -> bool:
        """True if the store can be read within `STORE_SECONDS`."""
        try:
            await asyncio.wait_for(self.stored.read(_any_lead), STORE_SECONDS)
        except StoreUnavailable:
            return False
        except TimeoutError:
            self.stored.outages.timed_out("read")
            return False
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens the store, takes the champion into use before the first request, then follows it."""
        async with self.stored.running(), self.jobs.running(), self._watching():
            yield

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        first_look = asyncio.create_task(self.watch.look())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(first_look), FIRST_LOOK_SECONDS)
        _freeze_heap()
        following = asyncio.create_task(self._follow(first_look))
        with rare_full_collections():
            collecting = asyncio.create_task(_collect())
            try:
                yield
            finally:
                for task in (following, collecting):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    async def _follow(self, first_look: "asyncio.Task[None]") -> None:
        await first_look
        await self.watch.run()


async def _collect() -> None:
    while True:
        await asyncio.sleep(COLLECT_SECONDS)
        gc.collect()


def _freeze_heap() -> None:
    """Takes what was loaded at the start out of garbage collections: a full one paused requests for 200 ms."""
    gc.collect()
    gc.freeze()
    gc.enable()  # a worker imports without
