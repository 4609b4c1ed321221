"""Changed leads are scored at once, live changes first."""

import pytest

from serving.store.leads.leads import LOAD, mark_dirty
from serving.store.scores.rescoring import changed_leads
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.store import Store
from tests.builders.service.scored_store import listed, post, put, score_queued, waiting
from tests.builders.service.store_fakes import FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_event_queues_its_lead_for_a_new_score(store: Store) -> None:
    put(store)
    assert (waiting(store), score_queued(store, FakeModel()), waiting(store)) == (1, 1, 0)
    before = listed(store)["a"]["probability"]
    post(store, event("1", "a", {"kind": "call"}), event("2", "a", {"kind": "call"}))
    assert waiting(store) == 1
    score_queued(store, FakeModel())
    assert listed(store)["a"]["probability"] > before
    assert score_queued(store, FakeModel()) == 0


def test_live_changes_are_scored_before_a_load(store: Store) -> None:
    for i in range(5):
        put(store, f"l{i}")
    score_queued(store, FakeModel())
    with store.engine.writing() as connection:
        mark_dirty(connection, dict.fromkeys(range(1, 6), 1), LOAD)
    post(store, event("1", "l3", {"kind": "call"}))
    before = listed(store)["l3"]["probability"]
    rescore_dirty(store, FakeModel(), limit=1, score=fake_score)  # type: ignore[arg-type]
    assert listed(store)["l3"]["probability"] > before
    assert waiting(store) == 4


def test_scores_are_committed_a_few_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that arrive meanwhile wait for no more than these."""
    monkeypatch.setattr(changed_leads, "LEADS_PER_STRETCH", 1)
    monkeypatch.setattr(changed_leads, "LEADS_PER_COMMIT", 2)
    for i in range(5):
        put(store, f"l{i}")
    waiting_at_rest: list[int] = []
    rescore_dirty(
        store,
        FakeModel(),  # type: ignore[arg-type]
        score=fake_score,
        rest=lambda: waiting_at_rest.append(waiting(store)),
    )
    assert waiting_at_rest == [5, 3, 3, 1, 1]
    assert waiting(store) == 0
    assert len(listed(store)) == 5
