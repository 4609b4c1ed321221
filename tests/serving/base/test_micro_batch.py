"""What requests ask for at the same moment is worked off together, and none of them notices."""

import asyncio
from collections.abc import Sequence
from typing import Any

from serving.base.micro_batch import MAX_BATCH, MicroBatch


class Worker:
    """Answers what is asked with itself and keeps it; it cannot bear what is named bad."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def work(self, asked: Sequence[str]) -> list[str]:
        self.calls.append(list(asked))
        if "bad" in asked:
            raise ValueError("bad")
        return [one.upper() for one in asked]


def answers(worker: Worker, *asks: tuple[str, str]) -> list[Any]:
    """What everyone of these gets who asks in the same turn of the loop: (key, what is asked)."""

    async def main() -> list[Any]:
        batch = MicroBatch(worker.work)
        return await asyncio.gather(*(batch.submit(*ask) for ask in asks), return_exceptions=True)

    return asyncio.run(main())


def test_what_is_asked_at_once_is_one_call_and_each_gets_its_own() -> None:
    worker = Worker()
    assert answers(worker, ("k", "a"), ("k", "b"), ("k", "a")) == ["A", "B", "A"]
    assert worker.calls == [["a", "b", "a"]]


def test_keys_are_never_mixed() -> None:
    worker = Worker()
    assert answers(worker, ("7", "a"), ("8", "b"), ("7", "c")) == ["A", "B", "C"]
    assert worker.calls == [["a", "c"], ["b"]]


def test_many_are_worked_off_in_parts() -> None:
    worker = Worker()
    many = [str(i) for i in range(2 * MAX_BATCH + 1)]
    assert answers(worker, *(("k", one) for one in many)) == many
    assert [len(call) for call in worker.calls] == [MAX_BATCH, MAX_BATCH, 1]


def test_a_failure_is_of_the_one_who_asked_for_it() -> None:
    good, bad, fine = answers(Worker(), ("k", "good"), ("k", "bad"), ("k", "fine"))
    assert (good, fine) == ("GOOD", "FINE")
    assert isinstance(bad, ValueError)


def test_who_went_away_is_not_answered_and_the_others_are() -> None:
    async def main() -> list[Any]:
        batch = MicroBatch(Worker().work)
        gone = asyncio.create_task(batch.submit("k", "gone"))
        here = asyncio.create_task(batch.submit("k", "here"))
        await asyncio.sleep(0)
        gone.cancel()
        return list(await asyncio.gather(gone, here, return_exceptions=True))

    gone, here = asyncio.run(main())
    assert isinstance(gone, asyncio.CancelledError)
    assert here == "HERE"


def test_a_turn_after_another_is_another_call() -> None:
    worker = Worker()

    async def main() -> None:
        batch = MicroBatch(worker.work)
        for one in ("a", "b"):
            await batch.submit("k", one)

    asyncio.run(main())
    assert worker.calls == [["a"], ["b"]]
