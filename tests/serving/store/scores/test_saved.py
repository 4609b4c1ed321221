"""Saved scores: never older than the stored one, never of an erased lead."""

from sqlalchemy import select

from serving.store import schema as db
from serving.store.leads.leads import erase_leads
from serving.store.scores.rescoring.view import score_view
from serving.store.scores.saved import save_scores
from serving.store.store import Store
from tests.builders.service.scored_store import listed, post, put, score_queued, view, waiting
from tests.builders.service.store_fakes import NOW_US, FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_older_score_does_not_replace_a_newer_one(store: Store) -> None:
    """A slow scorer that read the lead before an event must not overwrite the score with it."""
    put(store)
    score_queued(store, FakeModel())
    read_before = view(store, "a")
    slow = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    score_queued(store, FakeModel())
    new = listed(store)["a"]
    assert store.writer.write(save_scores, slow) == 0
    assert listed(store)["a"] == new


def test_event_during_scoring_keeps_its_lead_queued(store: Store) -> None:
    put(store)
    read_before = view(store, "a")
    scored = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    post(store, event("1", "a", {"kind": "call"}))
    assert store.writer.write(save_scores, scored) == 1
    assert waiting(store) == 1


def test_lead_erased_during_scoring_stays_erased(store: Store) -> None:
    put(store)
    read_before = view(store, "a")
    scored = score_view(FakeModel(), read_before, [0], NOW_US, fake_score)  # type: ignore[arg-type]
    store.writer.write(erase_leads, "a")
    put(store)
    assert store.writer.write(save_scores, scored) == 0
    with store.engine.reading() as connection:
        assert connection.execute(select(db.scores)).all() == []
