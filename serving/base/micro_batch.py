"""What requests ask for at the same moment, worked off in one go: most of what a score takes, several share."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_AT_ONCE = 16

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Ask(Generic[Asked, Answer]):
    asked: Asked
    answer: "asyncio.Future[Answer]"


class Together(Generic[Asked, Answer]):
    """Gathers what coroutines ask for within one turn of their event loop; nobody waits for others to come.

    `work` gives one answer each in order, the same whatever is asked beside it; only what has one key is asked at once.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        self._work = work
        self._asks: dict[Hashable, list[_Ask[Asked, Answer]]] = {}

    async def ask(self, key: Hashable, asked: Asked) -> Answer:
        """The answer; raises what `work` raises for this alone."""
        loop = asyncio.get_running_loop()
        ask: _Ask[Asked, Answer] = _Ask(asked, loop.create_future())
        if not self._asks:
            loop.call_soon(self._answer_all)
        self._asks.setdefault(key, []).append(ask)
        return await ask.answer

    def _answer_all(self) -> None:
        asks, self._asks = self._asks, {}
        for alike in asks.values():
            for start in range(0, len(alike), MOST_AT_ONCE):
                self._answer(alike[start : start + MOST_AT_ONCE])

    def _answer(self, asks: Sequence[_Ask[Asked, Answer]]) -> None:
        """Answers all at once; where that fails, each alone, so that nobody answers for another's request."""
        try:
            answers = self._work([ask.asked for ask in asks])
        except Exception as error:
            if len(asks) > 1:
                for ask in asks:
                    self._answer([ask])
            elif not asks[0].answer.done():
                asks[0].answer.set_exception(error)
            return
        for ask, answer in zip(asks, answers, strict=True):
            if not ask.answer.done():
                ask.answer.set_result(answer)


AT_ONCE = 8

Value = TypeVar("Value")


async def in_turns(values: Iterable[Value]) -> list[Value]:
    """All values of an iterator that works for each; after every `AT_ONCE` of them others have their turn."""
    found = []
    for value in values:
        found.append(value)
        if len(found) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return found
