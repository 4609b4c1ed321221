"""Leads of requests that are there at the same moment, scored in one go: most of what a score takes, several share."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from models.bundle import Bundle
from serving.adapter import Record
from serving.problems import Problem
from serving.queries import ScoreQuery
from serving.schema import Lead

MOST_AT_ONCE = 16

Score = Callable[[Bundle, Sequence[Lead], ScoreQuery], list[Record | Problem]]


@dataclass(frozen=True, eq=False)
class _Asked:
    bundle: Bundle
    lead: Lead
    query: ScoreQuery
    answer: "asyncio.Future[Record | Problem]"


class Together:
    """Gathers what coroutines ask for within one turn of their event loop; nobody waits for others to come.

    `score` gives one answer a lead in order, the same whichever leads are beside it.
    """

    def __init__(self, score: Score) -> None:
        self._score = score
        self._asked: list[_Asked] = []

    async def score(self, bundle: Bundle, lead: Lead, query: ScoreQuery) -> Record | Problem:
        """The answer for one lead; raises what `score` raises for it alone."""
        loop = asyncio.get_running_loop()
        asked = _Asked(bundle, lead, query, loop.create_future())
        if not self._asked:
            loop.call_soon(self._answer_all)
        self._asked.append(asked)
        return await asked.answer

    def _answer_all(self) -> None:
        asked, self._asked = self._asked, []
        for alike in _alike(asked):
            for start in range(0, len(alike), MOST_AT_ONCE):
                self._answer(alike[start : start + MOST_AT_ONCE])

    def _answer(self, asked: Sequence[_Asked]) -> None:
        """Scores what asks alike; where that fails, each alone, so that nobody answers for another's lead."""
        first = asked[0]
        try:
            answers = self._score(first.bundle, [one.lead for one in asked], first.query)
        except Exception as error:
            if len(asked) > 1:
                for one in asked:
                    self._answer([one])
            elif not first.answer.done():
                first.answer.set_exception(error)
            return
        for one, answer in zip(asked, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)


def _alike(asked: Sequence[_Asked]) -> Iterable[Sequence[_Asked]]:
    """Those of one model and one query together, each in order."""
    found: dict[tuple[int, ScoreQuery], list[_Asked]] = {}
    for one in asked:
        found.setdefault((id(one.bundle), one.query), []).append(one)
    return found.values()
