"""Kept leads: what is kept gives the documents that reading anew gives, byte for byte, whatever happens in between."""

import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

import serving.api.leads.lead_documents as documents
from history.config.config import FunnelConfig
from history.text.times import DAY_US, HOUR_US, format_time
from models.home.pointer import champion
from serving.api.leads.kept_leads import KeptLeads
from serving.api.leads.lead_documents import LeadRequest, documents_without_transaction, read_stored_leads
from serving.api.leads.lead_views import LeadView, Reading
from serving.base.event import event_key
from serving.store.config import store_config
from serving.store.corrections import REPLACE, RETRACT, Correction, correct_events
from serving.store.database.transaction import RESTORED, write_setting
from serving.store.leads.lead_heads import LeadHead
from serving.store.leads.lead_rows import LeadRows
from serving.store.leads.leads import erase_leads
from serving.store.leads.whole_leads import whole_leads
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, fake_score_parts
from tests.builders.service.usual_lead import ATTRIBUTES

LEADS = ("a", "b", "c", "d")
KINDS = ("call", "Call", "email_open", "demo")


class World:
    """A store whose leads are read with what was kept, and anew."""

    def __init__(self, store: Store, clock: Clock, model: Any, kept: KeptLeads | None = None) -> None:
        self.store, self.clock, self.model = store, clock, model
        self.kept = KeptLeads() if kept is None else kept
        self.events: list[str] = []
        self.by_heads_alone = self.by_one_statement = 0

    def read(self, kept: KeptLeads | None, *requests: LeadRequest) -> list[bytes]:
        if kept is not None:
            asked = {one.lead_id for one in requests}
            for unread in (set[str](), {lead_id for lead_id in asked if lead_id not in kept}, asked):
                leads = whole_leads(self.store.engine.single_reads, asked, unread)
                assert leads is not None
                documents = documents_without_transaction(requests, leads, kept)
                if documents is not None:
                    self.by_heads_alone += not unread
                    self.by_one_statement += bool(unread)
                    return [msgspec.json.encode(document) for document in documents]
        with self.store.engine.reading() as connection:
            return [
                msgspec.json.encode(document) for document in read_stored_leads(connection, requests, kept)
            ]

    def differing(self, draw: random.Random) -> list[str]:
        """The leads whose documents differ from those that are read anew."""
        asked = draw.sample(LEADS, draw.randint(1, len(LEADS)))
        requests = [
            LeadRequest(lead_id, self.model, kind=draw.choice((None, None, "call"))) for lead_id in asked
        ]
        both = zip(asked, self.read(self.kept, *requests), self.read(None, *requests), strict=True)
        return [lead_id for lead_id, with_kept, anew in both if with_kept != anew]

    def act(self, draw: random.Random) -> None:
        """Something happens to a lead."""
        lead_id = draw.choice(LEADS)
        act = draw.choice(
            ("touch", "touch", "stage", "outcome", "values", "correct", "erase", "wait", "display")
        )
        at = format_time(self.clock.now_us - draw.randrange(-200, 40 * 86_400) * 1_000_000)  # also just ahead
        name = f"{lead_id}{len(self.events)}-{act}"
        if act == "touch":
            data: dict[str, Any] = {
                "kind": draw.choice(KINDS),
                "direction": draw.choice(("inbound", "outbound")),
            }
            self.post(event(name, lead_id, {**data, "channel": "phone"}, occurred_at=at))
        elif act == "stage":
            self.post(
                event(name, lead_id, {"stage": draw.choice(("new", "qualified"))}, "stage", occurred_at=at)
            )
        elif act == "outcome":
            outcome = {"outcome": draw.choice(("won", "lost", "open"))}
            self.post(event(name, lead_id, outcome, "outcome", occurred_at=at))
        elif act == "values":
            put(self.store, lead_id, seats=draw.randrange(9), owner=draw.choice(("Ann", "Bob")))
        elif act == "correct" and self.events:
            event_id = draw.choice(self.events)
            correction = Correction(
                event_id, event_key(event_id), draw.choice((RETRACT, REPLACE)), NOW_US - 5 * DAY_US
            )
            self.store.writer.write(correct_events, [correction])
        elif act == "erase":
            self.store.writer.write(erase_leads, lead_id)
            put(self.store, lead_id, **ATTRIBUTES)
        elif act == "wait":
            self.clock.now_us += draw.choice((1, HOUR_US, 40 * DAY_US))
        elif act == "display":
            config = FunnelConfig(display={"name": draw.choice(("{owner}", "{product}"))})
            with self.store.engine.writing() as connection:
                store_config(connection, config)

    def post(self, sent: dict[str, Any]) -> None:
        post(self.store, sent)
        self.events.append(sent["event_id"])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clock = Clock()
    monkeypatch.setattr(documents, "clock_us", clock)
    with closing(Store(tmp_path, now_us=clock)) as store:
        for lead_id in LEADS:
            put(store, lead_id, **ATTRIBUTES)
        yield World(store, clock, FakeModel())


@pytest.fixture
def fake(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(documents, "score_parts", fake_score_parts)
    return world


@pytest.mark.parametrize("seed", range(4))
def test_kept_leads_are_those_that_are_read_anew(fake: World, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(80):
        fake.act(draw)
        assert fake.differing(draw) == []
    assert fake.by_heads_alone > 5
    assert fake.by_one_statement > 5


def test_scores_of_kept_leads_are_equal_to_the_last_bit(world: World, trained_home: Path) -> None:
    draw, world.model = random.Random(7), champion(trained_home)
    for _ in range(40):
        world.act(draw)
        assert world.differing(draw) == []


def test_the_comparison_notices_a_lead_that_was_kept_too_long(fake: World) -> None:
    """A cache that does not look at the rows must fail the tests above."""

    class Careless(KeptLeads):
        def views(self, key: Any, heads: Mapping[str, LeadHead]) -> dict[str, LeadView]:
            return {lead_id: self._kept[lead_id].view for lead_id in heads if lead_id in self._kept}

    draw, careless = random.Random(0), World(fake.store, fake.clock, fake.model, Careless())
    noticed = 0
    for _ in range(40):
        careless.act(draw)
        noticed += len(careless.differing(draw))
    assert noticed


def test_what_is_kept_is_not_read_again(fake: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post(fake.store, event("e", "a", {"kind": "call"}))
    fake.read(fake.kept, *(LeadRequest(lead_id, fake.model) for lead_id in LEADS))
    post(fake.store, event("f", "b", {"kind": "call"}))
    read: list[str] = []

    def view(reading: Reading, rows: LeadRows) -> LeadView:
        read.extend(lead.lead_id for lead in rows.leads)
        return actual(reading, rows)

    actual = Reading.view
    monkeypatch.setattr(Reading, "view", view)
    requests = [LeadRequest(lead_id, fake.model) for lead_id in LEADS]
    fake.read(fake.kept, *requests)
    assert read == ["b"]
    with fake.store.engine.reading() as connection:
        read_stored_leads(connection, requests, fake.kept)
    assert read == ["b"]


def test_an_erasure_and_a_restoration_leave_nothing_of_anyone(fake: World) -> None:
    def kept() -> int:
        return len(fake.kept._kept)

    read = [LeadRequest(lead_id, fake.model) for lead_id in LEADS]
    fake.read(fake.kept, *read)
    assert kept() == len(LEADS)
    fake.store.writer.write(erase_leads, "a")
    fake.read(fake.kept, read[1])
    assert kept() == 1
    fake.read(fake.kept, *read)
    assert kept() == len(LEADS) - 1
    with fake.store.engine.writing() as connection:
        write_setting(connection, RESTORED, "again")
    fake.read(fake.kept, read[1])
    assert kept() == 1


def test_memory_is_bounded_by_bytes(fake: World) -> None:
    read = [LeadRequest(lead_id, fake.model) for lead_id in LEADS]
    fake.read(fake.kept, *read)
    assert fake.kept.size == sum(one.size for one in fake.kept._kept.values())
    small = KeptLeads(fake.kept.size // 2)
    for request in read:
        fake.read(small, request)
    assert list(small._kept) == list(LEADS[-len(small._kept) :])
    assert 0 < small.size <= small.most_bytes


def test_a_lead_with_a_row_ahead_is_not_kept(fake: World) -> None:
    ahead = format_time(fake.clock.now_us + 60_000_000)
    post(fake.store, event("e", "a", {"kind": "call"}, occurred_at=ahead))
    fake.read(fake.kept, LeadRequest("a", fake.model))
    assert not fake.kept._kept
