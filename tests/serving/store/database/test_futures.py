"""Cross-thread futures: one wake-up of the loop for many results, none for a waiter that gave up."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from serving.store.database.futures import LoopFutures


def test_one_wake_up_delivers_many_results(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> tuple[list[Any], int]:
        loop = asyncio.get_running_loop()
        wake_ups = 0
        wake_up = loop.call_soon_threadsafe

        def counted(callback: Callable[..., Any], *values: Any) -> Any:
            nonlocal wake_ups
            wake_ups += 1
            return wake_up(callback, *values)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        futures = LoopFutures(loop)
        pending = [futures.create() for _ in range(3)]
        for number, future in enumerate(pending):
            future.set_result(number)
        return await asyncio.gather(*(future.future for future in pending)), wake_ups

    assert asyncio.run(run()) == ([0, 1, 2], 1)


def test_error_is_raised_where_the_result_is_awaited() -> None:
    async def run() -> None:
        future = LoopFutures(asyncio.get_running_loop()).create()
        future.set_exception(ZeroDivisionError())
        await future.future

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_waiter_that_gave_up_needs_no_work() -> None:
    async def run() -> bool:
        future = LoopFutures(asyncio.get_running_loop()).create()
        future.future.cancel()
        return future.set_running_or_notify_cancel()

    assert not asyncio.run(run())
