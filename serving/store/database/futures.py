"""Cross-thread futures: results of the writer thread, delivered to an event loop."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple, Protocol


class FutureLike(Protocol):
    """What the writer needs of a future: concurrent.futures.Future, or a LoopFuture."""

    def set_running_or_notify_cancel(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException | None, /) -> None: ...


class Outcome(NamedTuple):
    """The result of a future or its error."""

    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        """Resolves the future in its loop, unless its waiter gave up."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class LoopFutures:
    """Futures of one event loop that one other thread resolves.

    The thread wakes the loop once for all outcomes that are not yet delivered. Waking it for each event, and chaining
    asyncio's futures to those of threads, were a large part of the cost of storing an event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._undelivered: deque[Outcome] = deque()

    def create(self) -> "LoopFuture":
        """A future to be awaited in the loop."""
        return LoopFuture(self, self.loop.create_future())

    def resolve(self, outcome: Outcome) -> None:
        """Called from the other thread. The first outcome since the last delivery wakes the loop."""
        self._undelivered.append(outcome)
        if len(self._undelivered) == 1:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        while self._undelivered:
            self._undelivered.popleft().deliver()


class LoopFuture:
    """One awaited result; its setters may be called from the other thread."""

    __slots__ = ("_futures", "future")

    def __init__(self, futures: LoopFutures, future: "asyncio.Future[Any]") -> None:
        self._futures = futures
        self.future = future

    def set_running_or_notify_cancel(self) -> bool:
        """False if the waiter gave up, so that the work need not be done."""
        return not self.future.cancelled()

    def set_result(self, result: Any) -> None:
        self._futures.resolve(Outcome(self.future, result=result))

    def set_exception(self, exception: BaseException | None) -> None:
        self._futures.resolve(Outcome(self.future, error=exception))
