"""Requests that are there at the same moment are scored together, and none of them notices."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from serving.problems import Problem
from serving.queries import ScoreQuery
from serving.together import MOST_AT_ONCE, Together

PLAIN, NONE = ScoreQuery(), ScoreQuery(reasons=0)


class Scorer:
    """Answers a lead with itself and keeps what it was asked; it cannot bear a lead named bad."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str], ScoreQuery]] = []

    def score(self, bundle: Any, leads: Sequence[Any], query: ScoreQuery) -> list[Any]:
        self.calls.append((bundle, list(leads), query))
        if "bad" in leads:
            raise ValueError("bad")
        return [Problem(422, "wrong", "wrong") if lead == "wrong" else {"lead_id": lead} for lead in leads]


def asked(scorer: Scorer, *asks: tuple[str, str, ScoreQuery]) -> list[Any]:
    """What everyone of these gets who asks in the same turn of the loop: (bundle, lead, query)."""

    async def main() -> list[Any]:
        together = Together(scorer.score)
        calls: list[Any] = [together.score(bundle, lead, query) for bundle, lead, query in asks]  # type: ignore[arg-type]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(main())


def test_what_is_asked_at_once_is_one_call_and_each_gets_its_own() -> None:
    scorer = Scorer()
    answers = asked(scorer, *(("7", f"L{i}", PLAIN) for i in range(5)))
    assert scorer.calls == [("7", [f"L{i}" for i in range(5)], PLAIN)]
    assert answers == [{"lead_id": f"L{i}"} for i in range(5)]


def test_models_and_queries_are_never_mixed() -> None:
    scorer = Scorer()
    answers = asked(scorer, ("7", "a", PLAIN), ("8", "b", PLAIN), ("7", "c", NONE), ("7", "d", PLAIN))
    assert scorer.calls == [("7", ["a", "d"], PLAIN), ("8", ["b"], PLAIN), ("7", ["c"], NONE)]
    assert [answer["lead_id"] for answer in answers] == ["a", "b", "c", "d"]


def test_many_are_scored_in_parts() -> None:
    scorer = Scorer()
    answers = asked(scorer, *(("7", str(i), PLAIN) for i in range(2 * MOST_AT_ONCE + 1)))
    assert [len(leads) for _, leads, _ in scorer.calls] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert [answer["lead_id"] for answer in answers] == [str(i) for i in range(2 * MOST_AT_ONCE + 1)]


def test_a_failure_is_of_the_one_whose_lead_it_is() -> None:
    scorer = Scorer()
    good, bad, wrong = asked(scorer, ("7", "good", PLAIN), ("7", "bad", PLAIN), ("7", "wrong", PLAIN))
    assert good == {"lead_id": "good"}
    assert isinstance(bad, ValueError)
    assert isinstance(wrong, Problem)


def test_who_went_away_is_not_answered_and_the_others_are() -> None:
    async def main() -> tuple[Any, Any]:
        together = Together(Scorer().score)
        bundle: Any = "7"
        gone = asyncio.create_task(together.score(bundle, {"lead_id": "gone"}, PLAIN))
        here = asyncio.create_task(together.score(bundle, {"lead_id": "here"}, PLAIN))
        await asyncio.sleep(0)
        gone.cancel()
        return await asyncio.gather(gone, here, return_exceptions=True)

    gone, here = asyncio.run(main())
    assert isinstance(gone, asyncio.CancelledError)
    assert here == {"lead_id": {"lead_id": "here"}}


def test_a_turn_after_another_is_another_call() -> None:
    scorer = Scorer()

    async def main() -> None:
        together = Together(scorer.score)
        bundle: Any = "7"
        for lead in ("a", "b"):
            await together.score(bundle, lead, PLAIN)  # type: ignore[arg-type]

    asyncio.run(main())
    assert [leads for _, leads, _ in scorer.calls] == [["a"], ["b"]]


@pytest.mark.parametrize("lead", ["bad", "wrong"])
def test_alone_a_lead_gets_what_the_scorer_says(lead: str) -> None:
    (answer,) = asked(Scorer(), ("7", lead, PLAIN))
    assert isinstance(answer, ValueError | Problem)
