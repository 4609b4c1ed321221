"""Changes that searches follow: exactly the leads that changed, as long as they are kept."""

import pytest

from serving.store.database.transaction import RESTORED, Transaction, write_setting
from serving.store.leads.leads import erase_leads
from serving.store.scores.search import changes
from serving.store.scores.search.changes import Mark, changed_since, mark_now, note_changes
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_all, score_queued
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]


def mark(store: Store) -> Mark:
    with store.engine.reading() as connection:
        return mark_now(connection)


def since(store: Store, before: Mark) -> set[int] | None:
    with store.engine.reading() as connection:
        changed = changed_since(connection, before, mark_now(connection))
    return None if changed is None else set(changed)


def test_change_is_another_text_group_or_openness(store: Store, clock: Clock) -> None:
    for lead_id in "abc":
        put(store, lead_id, company="Acme")
    start = mark(store)
    score_queued(store, FakeModel())
    assert since(store, start) == {1, 2, 3}
    scored = mark(store)
    score_all(store, FakeModel(), clock.now_us)
    assert since(store, scored) == set(), "the same texts and groups again"
    put(store, "a", company="Zenith")
    put(store, "b", segment="not searched")
    score_queued(store, FakeModel())
    assert since(store, scored) == {1}
    renamed = mark(store)
    post(store, event("1", "b", {"outcome": "won"}, "outcome"))
    score_queued(store, FakeModel())
    assert since(store, renamed) == {2}
    closed = mark(store)
    store.writer.write(erase_leads, "b")
    assert since(store, closed) == set(), "closed leads are not searched"
    store.writer.write(erase_leads, "c")
    assert since(store, closed) == {3}
    assert since(store, start) == {1, 2, 3}


def test_who_is_too_far_behind_must_read_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KEPT", 5)
    marks = []
    for numbers in ([1, 2], [3], [4, 5, 6]):
        marks.append(mark(store))
        with store.engine.writing() as connection:
            transaction = Transaction(connection, NOW_US)
            note_changes(transaction, numbers)
            transaction.finish()
    assert [since(store, one) for one in marks] == [None, {3, 4, 5, 6}, {4, 5, 6}]


def test_restored_store_must_be_read_again(store: Store) -> None:
    before = mark(store)
    with store.engine.writing() as connection:
        write_setting(connection, RESTORED, "another")
    assert since(store, before) is None
