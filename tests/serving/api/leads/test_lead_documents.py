"""Stored leads as documents: one does not depend on the others of the request, pages follow each other."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

import serving.api.leads.lead_documents as documents
import serving.api.leads.lead_views as lead_views
from history.text.times import DAY_US
from serving.api.leads.lead_documents import LeadRequest, read_score_history, read_stored_leads
from serving.store.cursors import read_cursor
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued
from tests.builders.service.store_fakes import Clock, FakeModel, event, fake_score_parts

MODEL: Any = FakeModel()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    clock = Clock()
    monkeypatch.setattr(documents, "clock_us", clock)
    monkeypatch.setattr(documents, "score_parts", fake_score_parts)
    with closing(Store(tmp_path, now_us=clock)) as store:
        for lead_id in ("a", "b"):
            put(store, lead_id, owner=lead_id)
        post(store, *(event(f"e{i}", "a", {"kind": f"k{i}"}) for i in range(3)))
        yield store


def read(store: Store, *requests: LeadRequest) -> list[dict[str, Any] | None]:
    with store.engine.reading() as connection:
        documents = read_stored_leads(connection, requests)
    return [msgspec.json.decode(msgspec.json.encode(document)) for document in documents]


def test_document_does_not_depend_on_the_request_around_it(store: Store) -> None:
    one, other, unknown = (LeadRequest(lead_id, MODEL, None) for lead_id in ("a", "b", "x"))
    together = read(store, other, unknown, one, one)
    assert together[1] is None
    assert together[2] == together[3] == read(store, one)[0]
    assert together[0] == read(store, other)[0]


def test_without_a_model_a_lead_has_no_score(store: Store) -> None:
    (document,) = read(store, LeadRequest("a", None, None))
    assert document is not None
    assert document["score"] is None
    assert len(document["timeline"]) == 3


def test_next_cursor_starts_the_next_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_views, "timeline", timeline_of_two)
    (first,) = read(store, LeadRequest("a", None, None))
    assert first is not None
    before = read_cursor(first["next_cursor"], (int, int))
    (second,) = read(store, LeadRequest("a", None, (before[0], before[1])))
    assert second is not None
    kinds = [entry["data"]["kind"] for page in (first, second) for entry in page["timeline"]]
    assert sorted(kinds) == ["k0", "k1", "k2"]
    assert second["next_cursor"] is None


def timeline_of_two(rows: Any, names: Any, wanted: Any) -> Any:
    from serving.store.leads.timeline import timeline

    return timeline(rows, names, wanted, 2)


def test_history_of_a_score_is_newest_first(store: Store) -> None:
    score_queued(store, MODEL)
    clock: Any = store.now_us
    clock.now_us += 10 * DAY_US
    post(store, *(event(f"f{i}", "a", {"kind": "k"}) for i in range(9)))
    score_queued(store, MODEL)
    with store.engine.reading() as connection:
        assert read_score_history(connection, "x", None) is None
        page = read_score_history(connection, "a", None)
    assert page is not None
    assert page["next_cursor"] is None
    instants = [entry["as_of"] for entry in page["history"]]
    assert len(instants) == 2
    assert instants == sorted(instants, reverse=True)
