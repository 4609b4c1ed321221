"""Filters as conditions: literal texts, every spelling of a value, nothing from an empty choice."""

from typing import Any

import pytest

from serving.store.scores.worklist.selection import WorklistQuery
from serving.store.store import Store
from tests.builders.service.scored_store import put, score_queued
from tests.builders.service.store_fakes import FakeModel
from tests.builders.service.worklist_world import World

pytest_plugins = ["tests.builders.service.store_fixtures"]
COMPANIES = ("Ann", "Bob", "100%", "a_b")


@pytest.fixture
def world(store: Store, clock: Any) -> World:
    from serving.store.scores.worklist.worklist import Worklist

    for i in range(12):
        company = COMPANIES[i % 4]
        put(store, f"L{i:02d}", company=company, owner=company, phone="+49 (30) 12-34", plan="gold")
    score_queued(store, FakeModel())
    return World([], store, clock, FakeModel(), Worklist(store.now_us))


@pytest.mark.parametrize(
    ("q", "names"),
    [("100%", {"100%"}), ("A_B", {"a_b"}), ("%", {"100%"}), ("l0", set(COMPANIES)), ("301234", set(COMPANIES)),
     ("(30) 12", set(COMPANIES)), ("gold", set())],
)  # fmt: skip
def test_search_is_literal_and_ignores_case(world: World, q: str, names: set[str]) -> None:
    assert {entry["name"] for entry in world.entries(q=q)} == names


def test_filters_are_joined_and_values_of_one_are_alternatives(world: World) -> None:
    assert [entry["lead_id"] for entry in world.entries(owner=("Ann",), q="8")] == ["L08"]
    assert len(world.entries(owner=("ann", "BOB "))) == 6
    assert world.entries(stage=("new",)) == []


def test_filters_of_a_query_are_without_its_order() -> None:
    one = WorklistQuery(owner=("Ann",), order="change", reverse=True, limit=3)
    assert one.filters == WorklistQuery(owner=("Ann",)).filters
    assert (one.cursor_order, WorklistQuery().cursor_order) == ("-change", "expected_revenue")
