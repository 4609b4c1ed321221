"""Searched pages: every way to read one gives the same leads in the same order, also without texts in memory."""

import random
from typing import Any

import pytest

from serving.store.scores.search import texts
from serving.store.scores.worklist import searched, worklist
from serving.store.scores.worklist.selection import ORDERS, WorklistQuery
from serving.store.store import Store
from tests.builders.service.store_fakes import Clock
from tests.builders.service.worklist_world import World, expected, random_worklist

pytest_plugins = ["tests.builders.service.store_fixtures"]
# FEW, NOT_MANY, SHORTEST_WALK, LONGEST_WALK of leads, and how many fit into memory.
WAYS = {
    "numbers": (1_000, 1_000, 9, 9, 1_000),
    "walk": (0, 1_000, 3, 1_000, 1_000),
    "walk given up": (0, 1_000, 2, 4, 1_000),
    "walk to the end": (0, 0, 2, 4, 1_000),
    "database": (0, 0, 9, 9, 0),
}


def before(world: World, query: WorklistQuery) -> int:
    with world.store.engine.reading() as connection:
        return world.worklist.count_before(connection, query, world.model.config)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_the_same_pages(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    *limits, most = WAYS[way]
    for name, value in zip(("FEW", "NOT_MANY", "SHORTEST_WALK", "LONGEST_WALK"), limits, strict=True):
        monkeypatch.setattr(searched, name, value)
        if name in ("FEW", "NOT_MANY"):
            monkeypatch.setattr(worklist, name, value)
    monkeypatch.setattr(texts, "MOST_LEADS", most)
    world, draw = random_worklist(store, clock, 8, count=25), random.Random(8)
    whole = world.entries()
    queries: tuple[dict[str, Any], ...] = (
        {"q": "l1"},
        {"q": "9"},
        {"q": "example.org", "owner": ("ann",)},
        {"q": "l", "stage": ("demo", "NEW"), "source": ("WEB",)},
        {"q": "L", "attention": ("silent",)},
    )
    for query in queries:
        for order in draw.sample(list(ORDERS), 3):
            asked: dict[str, Any] = {**query, "order": order, "reverse": draw.random() < 0.5}
            wanted = expected(world, whole, **asked)
            assert world.entries(**asked, limit=draw.choice((2, 5, 50))) == wanted
            assert world.total(**asked) == len(wanted)
            assert world.summary(**asked)["leads"] == len(wanted)


def test_leads_before_a_page_are_counted_among_those_found(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = random_worklist(store, clock, 9)
    for few in (1_000, 0):
        monkeypatch.setattr(searched, "FEW", few)
        query, count = WorklistQuery(q="1", limit=3), 0
        with store.engine.reading() as connection:
            while True:
                assert before(world, query) == count
                page = world.worklist.page(connection, query, world.model.config)
                if page.next_cursor is None:
                    break
                count += 3
                last = worklist.read_worklist_cursor(page.next_cursor, query.cursor_order)
                query = WorklistQuery(q="1", limit=3, after=last)
        assert count >= 3
