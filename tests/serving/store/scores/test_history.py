"""The history of a score: newest first, in pages that follow each other."""

import pytest

from history.text.times import DAY_US
from serving.store.leads.lead_rows import find_leads
from serving.store.scores.history import HistoryPage, score_history
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued
from tests.builders.service.store_fakes import Clock, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]


def page(store: Store, limit: int, before: int | None) -> HistoryPage:
    with store.engine.reading() as connection:
        return score_history(connection, find_leads(connection, ["a"])["a"].lead_no, limit, before)


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 9])
def test_pages_hold_every_entry_once(store: Store, clock: Clock, limit: int) -> None:
    put(store)
    put(store, "other")
    for day in range(4):
        clock.now_us += DAY_US
        post(store, *(event(f"{day}-{i}", "a", {"kind": "call"}) for i in range(4)))
        score_queued(store, FakeModel())
    entries, before = [], None
    while True:
        result = page(store, limit, before)
        entries += result.entries
        assert len(result.entries) <= limit
        before = result.next_entry_no
        if before is None:
            break
    instants = [entry["as_of_us"] for entry in entries]
    assert len(set(instants)) == len(instants) == 4
    assert instants == sorted(instants, reverse=True)
    assert all(entry["causes"] for entry in entries[:-1]), "the first score has no cause"
