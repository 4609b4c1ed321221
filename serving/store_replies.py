"""What the writer's thread answers to coroutines: many results at one turn of their event loop."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any


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
