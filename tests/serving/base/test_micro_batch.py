"""Micro-batches: concurrent items share a call, and no result depends on that."""

import asyncio
from collections.abc import Sequence
from typing import Any

from serving.base.micro_batch import MAX_BATCH, MicroBatch, ThreadBatch


class Processor:
    """Upper-cases items and records its calls; fails on an item named bad."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def process(self, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        if "bad" in items:
            raise ValueError("bad")
        return [item.upper() for item in items]


def results(processor: Processor, *items: tuple[str, str]) -> list[Any]:
    """Results of items submitted in the same tick, as (key, item); an exception in place of a failed one."""

    async def main() -> list[Any]:
        batch = MicroBatch(processor.process)
        return await asyncio.gather(*(batch.submit(*item) for item in items), return_exceptions=True)

    return asyncio.run(main())


def test_items_of_one_tick_share_a_call() -> None:
    processor = Processor()
    assert results(processor, ("k", "a"), ("k", "b"), ("k", "a")) == ["A", "B", "A"]
    assert processor.calls == [["a", "b", "a"]]


def test_an_item_of_the_next_tick_shares_the_call() -> None:
    processor = Processor()

    async def later(batch: MicroBatch[str, str]) -> str:
        await asyncio.sleep(0)
        return await batch.submit("k", "b")

    async def main() -> list[str]:
        batch = MicroBatch(processor.process)
        return list(await asyncio.gather(batch.submit("k", "a"), later(batch)))

    assert asyncio.run(main()) == ["A", "B"]
    assert processor.calls == [["a", "b"]]


def test_keys_are_never_mixed() -> None:
    processor = Processor()
    assert results(processor, ("7", "a"), ("8", "b"), ("7", "c")) == ["A", "B", "C"]
    assert processor.calls == [["a", "c"], ["b"]]


def test_many_items_are_split_into_batches() -> None:
    processor = Processor()
    many = [str(i) for i in range(2 * MAX_BATCH + 1)]
    assert results(processor, *(("k", one) for one in many)) == many
    assert [len(call) for call in processor.calls] == [MAX_BATCH, MAX_BATCH, 1]


def test_a_failure_concerns_its_item_only() -> None:
    good, bad, fine = results(Processor(), ("k", "good"), ("k", "bad"), ("k", "fine"))
    assert (good, fine) == ("GOOD", "FINE")
    assert isinstance(bad, ValueError)


def test_a_cancelled_item_does_not_disturb_others() -> None:
    async def main() -> list[Any]:
        batch = MicroBatch(Processor().process)
        gone = asyncio.create_task(batch.submit("k", "gone"))
        here = asyncio.create_task(batch.submit("k", "here"))
        await asyncio.sleep(0)
        gone.cancel()
        return list(await asyncio.gather(gone, here, return_exceptions=True))

    gone, here = asyncio.run(main())
    assert isinstance(gone, asyncio.CancelledError)
    assert here == "HERE"


def test_items_of_two_ticks_are_two_calls() -> None:
    processor = Processor()

    async def main() -> None:
        batch = MicroBatch(processor.process)
        for one in ("a", "b"):
            await batch.submit("k", one)

    asyncio.run(main())
    assert processor.calls == [["a"], ["b"]]


def test_calls_elsewhere_share_items_and_fail_alone() -> None:
    processor = Processor()

    async def process(items: Sequence[str]) -> Sequence[str]:
        return await asyncio.to_thread(processor.process, items)

    async def main() -> list[Any]:
        batch = ThreadBatch(process)
        items = (("k", "a"), ("k", "bad"), ("l", "b"))
        return await asyncio.gather(*(batch.submit(*item) for item in items), return_exceptions=True)

    good, bad, other = asyncio.run(main())
    assert (good, other) == ("A", "B")
    assert isinstance(bad, ValueError)
    assert sorted(processor.calls) == [["a"], ["a", "bad"], ["b"], ["bad"]]
