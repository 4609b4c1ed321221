"""What one worker holds while it serves: its settings, the model in use, what it measures."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from serving.metrics import States
from serving.model_watch import ModelWatch
from serving.settings import Settings

FIRST_LOOK_SECONDS = 20.0


class Runtime:
    """Starts with the worker, ends with it; one a process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.watch = ModelWatch(settings.home, settings.run_folder)
        self.states = States()
        self.states.sources.append(self.watch.gauges)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Takes the champion into use before the first request, then follows it; leaves nothing behind."""
        first = asyncio.create_task(self.watch.look())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(first), FIRST_LOOK_SECONDS)
        gc.collect()
        gc.freeze()
        following = asyncio.create_task(self._follow(first))
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _follow(self, first: "asyncio.Task[None]") -> None:
        await first
        await self.watch.run()
