"""Recent documents: a lead that has not changed is given again for a second, any other is read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

import serving.api.leads.lead_documents as documents
import serving.api.leads.recent_documents as recent_documents
from history.config.config import FunnelConfig
from history.text.times import format_time
from serving.api.leads.lead_documents import LeadRequest
from serving.api.leads.recent_documents import MOST_KEPT, VALID_US, RecentDocuments
from serving.base.event import event_key
from serving.store.config import store_config
from serving.store.corrections import RETRACT, Correction, correct_events
from serving.store.leads.leads import erase_leads
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, fake_score_parts

MODEL: Any = FakeModel()


class Reader:
    """Reads documents of a store and counts those that were made."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.recent = store, clock, RecentDocuments()

    def read(self, *lead_ids: str, model: Any = MODEL, **wanted: Any) -> list[dict[str, Any] | None]:
        with self.store.engine.reading() as connection:
            read = self.recent.read(
                connection, [LeadRequest(lead_id, model, **wanted) for lead_id in lead_ids]
            )
        return [None if document is None else msgspec.json.decode(document) for document in read]

    def as_of(self, lead_id: str = "a", **wanted: Any) -> str:
        (document,) = self.read(lead_id, **wanted)
        assert document is not None
        as_of: str = document["score"]["as_of"]
        return as_of


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    clock = Clock()
    for module in (documents, recent_documents):
        monkeypatch.setattr(module, "clock_us", clock)
    monkeypatch.setattr(documents, "score_parts", fake_score_parts)
    with closing(Store(tmp_path, now_us=clock)) as store:
        for lead_id in ("a", "b"):
            put(store, lead_id, owner=lead_id)
        post(store, event("e", "a", {"kind": "call"}))
        yield Reader(store, clock)


def test_an_unchanged_lead_is_given_again_for_a_second(reader: Reader) -> None:
    reader.read("a")  # the second reading within a second begins to keep
    first, *_ = reader.read("a")
    reader.clock.now_us += VALID_US - 1
    assert reader.read("a", "x", "a") == [first, None, first]
    assert reader.as_of("b") == format_time(NOW_US + VALID_US - 1)
    reader.clock.now_us += 1
    assert reader.as_of() == format_time(NOW_US + VALID_US)


def test_whatever_changes_a_lead_counts_at_once(reader: Reader) -> None:
    def changed(*, by: Any) -> bool:
        reader.read("a")
        before = reader.read("a")
        by()
        return reader.read("a") != before

    post, store = post_to(reader), reader.store
    assert not changed(by=lambda: None)
    assert not changed(by=lambda: post(event("of b", "b", {"kind": "call"})))
    assert changed(by=lambda: post(event("f", "a", {"kind": "call"})))
    assert changed(by=lambda: post(event("s", "a", {"stage": "new"}, "stage")))
    assert changed(by=lambda: post(event("o", "a", {"outcome": "won"}, "outcome")))
    assert changed(by=lambda: put(store, "a", owner="Zoe"))
    assert changed(by=lambda: retract(store, "f"))
    store.writer.write(erase_leads, "a")
    assert reader.read("a") == [None]


def post_to(reader: Reader) -> Any:
    return lambda *events: post(reader.store, *events)


def retract(store: Store, event_id: str) -> None:
    (result,) = (store.writer.write(correct_events, [Correction(event_id, event_key(event_id), RETRACT)]),)
    assert result.accepted == 1


def test_another_question_and_another_model_are_read(reader: Reader) -> None:
    reader.read("a")
    reader.read("a")
    reader.clock.now_us += 1
    now = format_time(NOW_US + 1)
    assert reader.as_of(reasons=3) == reader.as_of(kind="call") == reader.as_of(has_facts=True) == now
    assert reader.as_of(model=FakeModel()) == now


def test_one_statement_is_enough_but_for_other_pages(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(*lead_ids: str, **wanted: Any) -> Any:
        requests = [LeadRequest(lead_id, MODEL, **wanted) for lead_id in lead_ids]
        given = reader.recent.read_alone(reader.store.engine.single_reads, requests)
        return given and [None if document is None else msgspec.json.decode(document) for document in given]

    assert alone("a", "x", "a") == reader.read("a", "x", "a")
    reader.clock.now_us += VALID_US
    assert alone("a", "b") == reader.read("a", "b")
    assert alone("x") == [None]
    assert alone("a", kind="call") is None
    reader.clock.now_us += VALID_US
    post(reader.store, event("f", "b", {"kind": "call"}))
    assert alone("a", "b") is None  # b was kept, but has another row
    assert alone("a")
    reader.read("b")
    assert alone("a", "b")
    reader.store.writer.write(erase_leads, "b")
    reader.clock.now_us += VALID_US
    assert alone("a") is None  # nothing is left that was kept before an erasure
    monkeypatch.setattr(reader.store.engine.single_reads, "rows", lambda *_, **__: None)
    reader.read("a")
    assert alone("a") is None
    assert alone("c") is None


def test_other_settings_and_an_erasure_leave_nothing(reader: Reader) -> None:
    reader.read("a", "b")
    before = reader.read("a")
    with reader.store.engine.writing() as connection:
        store_config(connection, FunnelConfig(display={"name": "Lead {owner}"}))
    (document,) = reader.read("a")
    assert document is not None
    assert document["lead"]["name"] == "Lead a"
    assert [document] != before
    reader.read("a", "b")
    reader.store.writer.write(erase_leads, "b")
    reader.read("a")
    assert len(reader.recent._kept) == 1


def test_memory_is_bounded(reader: Reader) -> None:
    for number in range(MOST_KEPT + 3):
        reader.read("a", kind=str(number))
    assert len(reader.recent._kept) == MOST_KEPT
