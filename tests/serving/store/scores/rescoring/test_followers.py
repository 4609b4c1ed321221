"""Scores of account mates: a change of one lead queues the others of its account once, and a bounded number of them."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from features.interactions.interactions import InteractionVocabulary
from serving.store import schema as db
from serving.store.leads.leads import FOLLOWING, LIVE
from serving.store.scores.rescoring import followers
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued, waiting
from tests.builders.service.store_fakes import FakeModel, event, fake_score

pytest_plugins = ["tests.builders.service.store_fixtures"]


def model(reads_accounts: bool = True) -> FakeModel:
    vocabulary = SimpleNamespace(
        interactions=InteractionVocabulary(), reads_accounts=reads_accounts, identity=()
    )
    return FakeModel(vocabulary=vocabulary)


def queue(store: Store) -> dict[str, int]:
    """lead_id -> why it is queued."""
    with store.engine.reading() as connection:
        query = select(db.leads.c.lead_id, db.dirty.c.is_bulk).join(db.dirty)
        return {row.lead_id: row.is_bulk for row in connection.execute(query)}


def drain(store: Store, bundle: FakeModel) -> int:
    """Scores queued leads until none is left; returns how many scores that took."""
    count = 0
    while scored := score_queued(store, bundle):
        count += scored
    return count


@pytest.fixture
def filled(store: Store) -> Store:
    for lead_id, account in {"a": "acme", "b": "acme", "c": "beta", "d": "acme", "e": None}.items():
        put(store, lead_id, account_id=account)
    post(store, event("0", "d", {"outcome": "lost"}, "outcome"))
    drain(store, model())
    return store


def test_open_leads_of_the_account_follow_a_change_once(filled: Store) -> None:
    post(filled, event("1", "a", {"kind": "call"}))
    assert score_queued(filled, model()) == 1
    assert queue(filled) == {"b": FOLLOWING}
    assert drain(filled, model()) == 1, "a lead that follows has no followers"


def test_models_without_account_features_queue_nobody(filled: Store) -> None:
    post(filled, event("1", "a", {"kind": "call"}))
    assert drain(filled, model(reads_accounts=False)) == 1


def test_mate_with_a_change_of_its_own_stays_live(filled: Store) -> None:
    post(filled, event("1", "a", {"kind": "call"}), event("2", "b", {"kind": "call"}))
    bundle: Any = model()
    assert rescore_dirty(filled, bundle, limit=1, score=fake_score) == 1
    assert queue(filled) == {"b": LIVE}
    assert drain(filled, bundle) == 1, "the score of a has seen the change of b: both are of one batch"


def test_lead_that_has_seen_the_change_does_not_follow(filled: Store) -> None:
    post(filled, event("1", "a", {"kind": "call"}), event("2", "b", {"kind": "call"}))
    assert drain(filled, model()) == 2


def test_leads_of_a_large_account_follow_in_part(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        put(filled, f"m{number}", account_id="acme")
    drain(filled, model())
    monkeypatch.setattr(followers, "MOST_FOLLOWERS", 3)
    post(filled, event("1", "a", {"kind": "call"}))
    score_queued(filled, model())
    assert queue(filled) == dict.fromkeys(("m2", "m3", "m4"), FOLLOWING), "the newest"
    assert waiting(filled) == 3
