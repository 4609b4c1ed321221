"""Neighbours in a worklist: those of a plain walk over all of its pages."""

import random

import pytest

from serving.store.scores.worklist.neighbours import Neighbours
from serving.store.scores.worklist.selection import WorklistQuery
from serving.store.store import Store
from tests.builders.service.store_fakes import Clock
from tests.builders.service.worklist_world import CONFIG, random_worklist
from tests.serving.store.scores.worklist.test_worklist import some_query

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_those_of_the_list(store: Store, clock: Clock, seed: int) -> None:
    world = random_worklist(store, clock, seed)
    draw = random.Random(seed)
    with store.engine.reading() as connection:
        for _ in range(12):
            query = WorklistQuery(**some_query(draw))
            listed = [entry["lead_id"] for entry in world.entries(**some_fields(query))]
            for place, lead_id in enumerate(listed):
                around = world.worklist.around(connection, query, lead_id, CONFIG)
                before = listed[place - 1] if place else None
                after = listed[place + 1] if place + 1 < len(listed) else None
                assert around == Neighbours(before, after, place + 1, len(listed))


def some_fields(query: WorklistQuery) -> dict[str, object]:
    names = ("grade", "stage", "owner", "source", "attention", "q", "order", "reverse")
    return {name: getattr(query, name) for name in names}


def test_a_lead_outside_of_the_list_keeps_its_neighbours(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 1)
    everyone = [entry["lead_id"] for entry in world.entries()]
    good = [entry["lead_id"] for entry in world.entries(grade=("A",))]
    outside = next(lead_id for lead_id in everyone if lead_id not in good)
    with store.engine.reading() as connection:
        around = world.worklist.around(connection, WorklistQuery(grade=("A",)), outside, CONFIG)
        assert around.place is None
        assert around.total == len(good)
        rank = everyone.index(outside)
        assert around.previous == next((i for i in reversed(everyone[:rank]) if i in good), None)
        assert around.following == next((i for i in everyone[rank:] if i in good), None)
        assert world.worklist.around(connection, WorklistQuery(), "nobody", CONFIG) == Neighbours(
            None, None, None, len(everyone)
        )


def test_the_entry_of_one_lead_is_that_of_the_list(store: Store, clock: Clock) -> None:
    world = random_worklist(store, clock, 2)
    with store.engine.reading() as connection:
        for entry in world.entries():
            shown = world.worklist.shown(connection, entry["lead_id"], CONFIG)
            assert shown is not None
            assert shown.entry == entry
        assert world.worklist.shown(connection, "nobody", CONFIG) is None
