"""Pages: every way to read one gives the same leads in the same order."""

import random

import pytest

from serving.store.scores.worklist import paging
from serving.store.scores.worklist.selection import ORDERS
from serving.store.store import Store
from tests.builders.service.store_fakes import Clock
from tests.builders.service.worklist_world import expected, random_worklist

pytest_plugins = ["tests.builders.service.store_fixtures"]
# FEW, NOT_MANY, SHORTEST_WALK, LONGEST_WALK: by groups; walks that find enough or not; then by groups, or all.
WAYS = {
    "groups": (100, 0, 0, 0),
    "walk": (0, 0, 3, 10**6),
    "long walk": (0, 10**6, 3, 20),
    "all": (0, 0, 9, 1),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_gives_the_same_pages(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    names = ("FEW", "NOT_MANY", "SHORTEST_WALK", "LONGEST_WALK")
    for name, value in zip(names, WAYS[way], strict=True):
        monkeypatch.setattr(paging, name, value)
    world, draw = random_worklist(store, clock, 5, count=60), random.Random(5)
    whole = world.entries()
    for query in (
        {"grade": ("D",)},
        {"stage": ("demo", "NEW"), "source": ("WEB",)},
        {"owner": ("ann",)},
        {"q": "l1"},
    ):
        for order in ORDERS:
            asked = {**query, "order": order, "reverse": draw.random() < 0.5}
            wanted = expected(world, whole, **asked)
            assert world.entries(**asked, limit=draw.choice((2, 5, 50))) == wanted
            assert world.total(**asked) == len(wanted)
