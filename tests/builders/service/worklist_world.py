"""A store of random leads, scored day after day, and what the worklist should show of it, in plain Python."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from history.config.config import FunnelConfig
from history.snapshot import Snapshot
from history.text.times import DAY_US, HOUR_US, format_time, read_rfc_3339
from models.reasons.pace import Pace
from models.scores.scores import Scores
from serving.store.events import store_events
from serving.store.leads.leads import PutLead, put_leads
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from serving.store.scores.worklist.selection import WorklistQuery
from serving.store.scores.worklist.worklist import Worklist, all_pages
from serving.store.store import Store
from tests.builders.service import scored_store
from tests.builders.service.store_fakes import NOW_US, Clock, FakeModel, event, fake_score, read_events

STAGES = ("new", "demo", "offer")
OWNERS = ("Ann", "ann ", "ANN", "Böb", "böb", "=1+1", "<b>", None)
SOURCES = ("Web", "web", "fair", None)
COMPANIES = (
    "Größe AG",
    "100% Ltd",
    "a_b",
    "=HYPERLINK(1)",
    "<script>alert(1)</script>",
    "'; --",
    "-x",
    "@y",
    "+z",
)
KINDS = ("call", "email_reply", "web_visit")
PACE = Pace(
    {"new": 3.0, "demo": 6.5, "": 2.0}, {"new": 9.0, "offer": 12.0}, 5.0, has_touches=True, has_outbound=True
)
CONFIG = FunnelConfig(stages=STAGES, timezone="Europe/Berlin", display={"attention_per_owner": 2})
DAYS = 16
Entry = dict[str, Any]


@dataclass
class PlainLead:
    """A lead as it was sent: (time, kind, direction), (time, stage), and the time of its win."""

    lead_id: str
    created_us: int
    values: dict[str, Any]
    touches: list[tuple[int, str, str | None]] = field(default_factory=list)
    stages: list[tuple[int, str]] = field(default_factory=list)
    won_us: int | None = None

    def text(self, name: str) -> str | None:
        value: str | None = self.values.get(name)
        return value


@dataclass
class World:
    """The leads, the store that has them, its clock, and the model that scored it last."""

    leads: list[PlainLead]
    store: Store
    clock: Clock
    model: FakeModel
    worklist: Worklist

    def entries(self, **query: Any) -> list[Entry]:
        """All entries of a query."""
        return [entry for page in self.pages(**query) for entry in page]

    def pages(self, **query: Any) -> list[list[Entry]]:
        """The entries of each page."""
        with self.store.engine.reading() as connection:
            read: Any = lambda query: self.worklist.page(connection, query, self.model.config)  # noqa: E731
            return [page.entries for page in all_pages(read, WorklistQuery(**query))]

    def total(self, **query: Any) -> int:
        with self.store.engine.reading() as connection:
            return self.worklist.page(connection, WorklistQuery(**query), self.model.config).total

    def summary(self, capacity: int | None = None, **query: Any) -> Entry:
        with self.store.engine.reading() as connection:
            return self.worklist.summary(connection, WorklistQuery(**query), capacity, self.model.config)

    @property
    def open_leads(self) -> list[PlainLead]:
        return [lead for lead in self.leads if lead.won_us is None]


def some_amounts(bundle: Any, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """fake_score with amounts by lead, some unknown."""
    scores = fake_score(bundle, snapshot, reasons)
    numbers = np.array([int(lead_id[1:]) for lead_id in scores.lead_ids])
    amount = np.where(numbers % 5 == 0, np.nan, 10.0 + numbers % 7)
    return replace(scores, expected_amount=amount)


def random_worklist(store: Store, clock: Clock, seed: int, count: int = 30) -> World:
    """Leads created, touched, moved and won over DAYS days, scored each day; the clock ends a few hours later."""
    draw = random.Random(seed)
    leads = [_lead(draw, f"L{number}") for number in range(count)]
    model = FakeModel(config=CONFIG, pace=PACE)
    world = World(leads, store, clock, model, Worklist(store.now_us))
    rows = sorted((time_us, lead.lead_id, what) for lead in leads for time_us, what in _rows(lead))
    for day in range(DAYS + 1):
        clock.now_us = NOW_US - (DAYS - day) * DAY_US
        _send(world, [row for row in rows if row[0] <= clock.now_us < row[0] + DAY_US])
        if draw.random() < 0.7:
            rescore_dirty(store, model, 1_000, some_amounts)  # type: ignore[arg-type]
        if draw.random() < 0.4:
            rescore_all(store, model, clock.now_us, lambda *_: None, some_amounts)  # type: ignore[arg-type]
    rescore_dirty(store, model, 1_000, some_amounts)  # type: ignore[arg-type]
    clock.now_us += draw.randrange(2 * DAY_US)
    return world


def _lead(draw: random.Random, lead_id: str) -> PlainLead:
    created_us = NOW_US - draw.randrange(1, DAYS * 24) * HOUR_US
    values = {
        "owner": draw.choice(OWNERS),
        "source": draw.choice(SOURCES),
        "company": draw.choice(COMPANIES),
        "email": f"{lead_id}@example.org",
        "phone": f"+49 30 {lead_id[1:]}5-77",
        "segment": "secret",
    }
    lead = PlainLead(
        lead_id, created_us, {name: value for name, value in values.items() if value is not None}
    )
    span = NOW_US - created_us
    for _ in range(draw.choice((0, 0, 1, 2, 5))):
        direction = draw.choice(("inbound", "outbound", None))
        lead.touches.append((created_us + draw.randrange(span), draw.choice(KINDS), direction))
    for stage in STAGES[: draw.randint(0, 3)]:
        begin = lead.stages[-1][0] + 1 if lead.stages else created_us
        lead.stages.append((begin + draw.randrange(max(1, NOW_US - begin)), stage))
    lead.touches.sort(key=lambda touch: touch[0])
    if draw.random() < 0.1:
        lead.won_us = NOW_US
    return lead


def _rows(lead: PlainLead) -> Iterator[tuple[int, Any]]:
    yield lead.created_us, ("put", lead.values)
    for time_us, kind, direction in lead.touches:
        data = {"kind": kind, **({"direction": direction} if direction else {})}
        yield time_us, ("interaction", data)
    for time_us, stage in lead.stages:
        yield time_us, ("stage", {"stage": stage})
    if lead.won_us is not None:
        yield lead.won_us, ("outcome", {"outcome": "won"})


def _send(world: World, rows: Sequence[tuple[int, str, Any]]) -> None:
    created = {lead.lead_id: lead.created_us for lead in world.leads}
    for _time_us, lead_id, (kind, values) in rows:
        if kind == "put":
            world.store.writer.write(put_leads, PutLead(lead_id, created[lead_id], values))
    events = [
        event(f"{lead_id}-{time_us}-{kind}", lead_id, values, kind, occurred_at=format_time(time_us))
        for time_us, lead_id, (kind, values) in rows
        if kind != "put"
    ]
    if events:
        result = world.store.writer.write(store_events, read_events({"events": events}))
        assert not result.rejected


# ---- what the list should be, counted from its entries and from what was sent


def key_of(entry: Entry, order: str) -> float:
    """What a list in this order is sorted by, highest first."""
    if order == "expected_revenue":
        revenue = entry["expected_revenue"]
        return float(entry["probability"] - 2 if revenue is None else revenue)
    if order == "expected_amount":
        return float(-1.0 if entry["expected_amount"] is None else entry["expected_amount"])
    if order == "change":
        return float(entry["change_7d"] or 0.0)
    if order == "probability":
        return float(entry["probability"])
    text = entry["last_touch_at" if order == "last_touch" else order]
    return 0.0 if text is None else float(read_rfc_3339(text) or 0)


def folded(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def matches(entry: Entry, lead: PlainLead, **query: Any) -> bool:
    """True if the filters of a query select the entry."""
    for name in ("stage", "owner", "source"):
        wanted = query.get(name)
        if wanted and folded(entry[name]) not in {folded(value) for value in wanted}:
            return False
    for name in ("grade", "attention"):
        if query.get(name) and entry[name] not in query[name]:
            return False
    q = query.get("q")
    texts = (lead.lead_id, entry["name"], entry["detail"], lead.text("email"), lead.text("phone"))
    return not q or any(q.casefold() in (text or "").casefold() for text in texts)


def expected(world: World, whole: Sequence[Entry], **query: Any) -> list[Entry]:
    """The entries of the whole list that the query selects, in its order; ties newest arrival first."""
    arrival = {lead_id: number for number, lead_id in enumerate(_arrivals(world))}
    leads = {lead.lead_id: lead for lead in world.leads}
    chosen = [entry for entry in whole if matches(entry, leads[entry["lead_id"]], **query)]
    order = query.get("order", "expected_revenue")
    chosen.sort(key=lambda entry: (key_of(entry, order), arrival[entry["lead_id"]]), reverse=True)
    return chosen[::-1] if query.get("reverse") else chosen


def _arrivals(world: World) -> list[str]:
    """The ids in the order in which the leads arrived."""
    return [lead.lead_id for lead in sorted(world.leads, key=lambda lead: (lead.created_us, lead.lead_id))]


def sums(entries: Sequence[Entry]) -> Entry:
    """Leads, expected wins and expected revenue of entries."""
    known = [entry["expected_revenue"] for entry in entries if entry["expected_revenue"] is not None]
    return {
        "leads": len(entries),
        "expected_wins": math.fsum(entry["probability"] for entry in entries),
        "expected_revenue": math.fsum(known) if known else None,
    }


def sums_by(entries: Sequence[Entry], name: str) -> dict[str, Entry]:
    """`sums` by the folded value of a column."""

    def value_of(entry: Entry) -> str:
        return folded(entry[name])

    return {value: sums(list(group)) for value, group in groupby(sorted(entries, key=value_of), value_of)}


@dataclass(frozen=True)
class PlainFacts:
    """Of an open lead, from what was sent: its stay, its last touch, and the question that waits."""

    stage: str | None
    entered_us: int
    last: tuple[int, str, str | None] | None
    asked: tuple[int, str, str | None] | None
    silent_since_us: int


def facts(lead: PlainLead) -> PlainFacts:
    asked = None
    for touch in lead.touches:
        if touch[2] == "outbound":
            asked = None
        elif touch[2] == "inbound" and asked is None:
            asked = touch
    stage = lead.stages[-1][1] if lead.stages else None
    entered_us = lead.stages[-1][0] if lead.stages else lead.created_us
    last = lead.touches[-1] if lead.touches else None
    return PlainFacts(stage, entered_us, last, asked, max(lead.created_us, last[0] if last else 0))


def needed(world: World, whole: Sequence[Entry]) -> dict[str, str]:
    """lead_id -> code: the first rule that holds, of the two most valuable such leads of each owner."""
    now_us, leads = world.clock.now_us, {lead.lead_id: lead for lead in world.leads}
    known = [entry["expected_revenue"] for entry in whole if entry["expected_revenue"] is not None]
    top = float(np.quantile(known, 0.9)) if known and min(known) < max(known) else math.inf
    flagged: dict[str, list[tuple[float, float, int, str, str]]] = defaultdict(list)
    arrival = {lead_id: number for number, lead_id in enumerate(_arrivals(world))}
    for entry in whole:
        lead = leads[entry["lead_id"]]
        of_lead, revenue = facts(lead), entry["expected_revenue"]
        silent = now_us - of_lead.silent_since_us
        silent_limit = PACE.silent_days.get(of_lead.stage or "", math.inf) * DAY_US
        stuck_limit = PACE.stuck_days.get(of_lead.stage or "-", math.inf) * DAY_US
        base = None if entry["change_7d"] is None else entry["probability"] - entry["change_7d"]
        rules = {
            "unanswered": of_lead.asked is not None and now_us - of_lead.asked[0] > 24 * HOUR_US,
            "silent": silent > silent_limit,
            "stuck": now_us - of_lead.entered_us > stuck_limit,
            "high_value_untouched": revenue is not None and revenue >= top and silent > 7 * DAY_US,
            "probability_fell": base is not None and entry["probability"] < 0.75 * base,
        }
        code = next((code for code, holds in rules.items() if holds), None)
        if code is not None:
            rank = (-key_of(entry, "expected_revenue"), -entry["probability"], arrival[lead.lead_id])
            flagged[folded(lead.text("owner"))].append((*rank, lead.lead_id, code))
    return {row[3]: row[4] for rows in flagged.values() for row in sorted(rows)[:2]}


def base_of(world: World, lead_id: str) -> float | None:
    """The probability 7 days before now by the lead's score history."""
    week_ago = world.clock.now_us - 7 * DAY_US
    known = [entry for entry in scored_store.history(world.store, lead_id) if entry["as_of_us"] <= week_ago]
    return known[-1]["probability"] if known else None
