"""Causes of a move: the model, the time and each event, with points that add up exactly."""

from typing import Any

import pytest

from history.text.times import DAY_US
from serving.store.store import Store
from tests.builders.service.scored_store import history, listed, post, put, score_all, score_queued
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]


def check_sums(entries: list[dict[str, Any]]) -> None:
    """The points of each entry add up to its delta, and the deltas to the last probability."""
    previous = None
    for entry in entries:
        points = sum(cause["points"] for cause in entry["causes"])
        assert points == pytest.approx(100 * entry["delta"], abs=1e-9)
        assert entry["delta"] == (0 if previous is None else pytest.approx(entry["probability"] - previous))
        previous = entry["probability"]


def test_causes_are_time_and_events_and_add_up(store: Store, clock: Clock) -> None:
    put(store)
    score_queued(store, FakeModel("1"))
    clock.now_us += 30 * DAY_US
    post(
        store,
        event("1", "a", {"kind": "call", "channel": "phone"}),
        event("2", "a", {"stage": "offer"}, "stage"),
    )
    score_queued(store, FakeModel("2", weight=0.9))
    first, second = history(store)
    assert (first["causes"], first["delta"]) == ([], 0)
    causes = [(cause["kind"], cause["label"], cause["points"] > 0) for cause in second["causes"]]
    assert causes == [
        ("time", "30 days passed", False),
        ("event", "call by phone", True),
        ("event", "entered stage offer", True),
    ]
    check_sums([first, second])


def test_new_model_is_a_cause(store: Store) -> None:
    put(store)
    post(store, event("1", "a", {"kind": "call"}))
    score_queued(store, FakeModel("1"))
    score_all(store, FakeModel("2", weight=2.0), NOW_US)
    entries = history(store)
    assert [cause["kind"] for cause in entries[-1]["causes"]] == ["model"]
    assert entries[-1]["model_version"] == "2"
    check_sums(entries)


def test_many_events_are_joined_into_one_cause(store: Store) -> None:
    put(store)
    score_queued(store, FakeModel())
    post(store, *(event(str(i), "a", {"kind": f"k{i}"}) for i in range(9)))
    score_queued(store, FakeModel())
    entries = history(store)
    assert [cause["label"] for cause in entries[-1]["causes"]] == ["k0", "k1", "k2", "6 more events"]
    check_sums(entries)


def test_small_moves_add_up_to_one_history_entry(store: Store, clock: Clock) -> None:
    put(store)
    score_queued(store, FakeModel())
    for _ in range(10):
        clock.now_us += DAY_US
        score_all(store, FakeModel(), clock.now_us)
    entries = history(store)
    assert 1 < len(entries) < 10
    assert all(abs(entry["delta"]) >= 0.005 for entry in entries[1:])
    assert listed(store)["a"]["as_of"].startswith("2026-06-07")
    check_sums(entries)


def test_closed_lead_leaves_the_worklist_until_reopened(store: Store, clock: Clock) -> None:
    put(store)
    score_queued(store, FakeModel())
    before = listed(store)["a"]["probability"]
    won = {"outcome": "won", "amount": 5}
    post(store, event("1", "a", won, "outcome", occurred_at="2026-05-02T00:00:00Z"))
    score_queued(store, FakeModel())
    assert listed(store) == {}
    post(store, event("2", "a", {"outcome": "open"}, "outcome", occurred_at="2026-05-03T00:00:00Z"))
    score_queued(store, FakeModel())
    entries = history(store)
    assert [entry["status"] for entry in entries] == ["scored", "won", "scored"]
    assert [entry["probability"] for entry in entries] == [before, 1.0, before]
    assert [entry["causes"][-1]["label"] for entry in entries[1:]] == ["won", "reopened"]
    check_sums(entries)
    assert listed(store)["a"]["probability"] == before
