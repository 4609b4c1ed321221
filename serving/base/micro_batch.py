"""Micro-batching: items submitted in two ticks of the event loop are processed in one call and share its fixed cost."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

MAX_BATCH = 16  # bounds how long one batch blocks the event loop

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Pending(NamedTuple, Generic[Item, Result]):
    item: Item
    result: "asyncio.Future[Result]"


class _Batches(ABC, Generic[Item, Result]):
    """Collects the items of concurrent coroutines; a lone item is processed at the end of the next tick, without delay.

    The next tick reads the requests that came while this one processed the batch before: clients that send their next
    request at once would else come in two halves by turns. Only items with equal keys share a batch.
    """

    def __init__(self) -> None:
        self._pending: dict[Hashable, list[_Pending[Item, Result]]] = {}

    async def submit(self, key: Hashable, item: Item) -> Result:
        """The result of the item; raises what `process` raises for this item alone."""
        loop = asyncio.get_running_loop()
        pending: _Pending[Item, Result] = _Pending(item, loop.create_future())
        if not self._pending:
            loop.call_soon(loop.call_soon, self._process_pending)
        self._pending.setdefault(key, []).append(pending)
        return await pending.result

    def _process_pending(self) -> None:
        groups, self._pending = self._pending, {}
        for group in groups.values():
            for start in range(0, len(group), MAX_BATCH):
                self._process_batch(group[start : start + MAX_BATCH])

    @abstractmethod
    def _process_batch(self, batch: Sequence[_Pending[Item, Result]]) -> None:
        """Resolves the futures of a batch, now or later."""


class MicroBatch(_Batches[Item, Result]):
    """Batches that are processed in the event loop.

    `process` returns one result per item, in order; a result must not depend on the other items of the batch.
    """

    def __init__(self, process: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        super().__init__()
        self._process = process

    def _process_batch(self, batch: Sequence[_Pending[Item, Result]]) -> None:
        try:
            results = self._process([pending.item for pending in batch])
        except Exception as error:
            for alone in _to_repeat(batch, error):
                self._process_batch(alone)
            return
        _resolve(batch, results)


class ThreadBatch(_Batches[Item, Result]):
    """Batches that wait elsewhere, for threads or a server; several may be under way.

    `process` awaits one result per item, in order; a result must not depend on the other items of the batch.
    """

    def __init__(self, process: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        super().__init__()
        self._process = process
        self._tasks: set[asyncio.Task[None]] = set()

    def _process_batch(self, batch: Sequence[_Pending[Item, Result]]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(batch))
        self._tasks.add(task)  # the loop itself keeps no reference
        task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: Sequence[_Pending[Item, Result]]) -> None:
        try:
            results = await self._process([pending.item for pending in batch])
        except Exception as error:
            for alone in _to_repeat(batch, error):
                await self._run(alone)
            return
        _resolve(batch, results)


def _to_repeat(
    batch: Sequence[_Pending[Item, Result]], error: Exception
) -> list[Sequence[_Pending[Item, Result]]]:
    """Each item of a batch that failed alone, so that one cannot fail others; a lone item gets its error."""
    if len(batch) > 1:
        return [[pending] for pending in batch]
    if not batch[0].result.done():
        batch[0].result.set_exception(error)
    return []


def _resolve(batch: Sequence[_Pending[Item, Result]], results: Sequence[Result]) -> None:
    for pending, result in zip(batch, results, strict=True):
        if not pending.result.done():  # done: its caller has cancelled it
            pending.result.set_result(result)
