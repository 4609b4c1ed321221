"""Sums of a selection: unknown amounts and missing values are counted as such (tests/.../test_worklist.py compares)."""

from typing import Any

from serving.store import schema as db
from serving.store.scores.worklist.summary import Expected, expected_of
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, put, score_queued
from tests.builders.service.store_fakes import FakeModel

pytest_plugins = ["tests.builders.service.store_fixtures"]


def summed(store: Store) -> dict[str, Any]:
    with store.engine.reading() as connection:
        return expected_of(connection, [db.scores.c.is_open == 1])


def test_the_commonest_spelling_is_shown(store: Store) -> None:
    for number, owner in enumerate(["Ann", "ann", "Ann ", "Ann", None]):
        put(store, str(number), CREATED_US, owner=owner)
    score_queued(store, FakeModel())
    by_owner = summed(store)["by"]["owner"]
    assert {owner: figures["leads"] for owner, figures in by_owner.items()} == {"Ann": 4, "": 1}


def test_nothing_adds_up_to_nothing(store: Store) -> None:
    empty = {"leads": 0, "expected_wins": 0.0, "expected_revenue": None}
    assert summed(store) == {**empty, "by": {name: {} for name in ("grade", "stage", "owner", "source")}}


def test_revenue_is_unknown_until_an_amount_is_known() -> None:
    expected = Expected()
    expected.add(2, 0.5, None)
    assert expected.record() == {"leads": 2, "expected_wins": 0.5, "expected_revenue": None}
    expected.add(1, 0.1, 0.0)
    assert expected.record()["expected_revenue"] == 0.0
