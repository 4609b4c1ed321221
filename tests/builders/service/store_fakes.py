"""Fakes around a store: a scorer that is plain arithmetic, its model, a clock, and the application of a service."""

import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from features.feature import Feature
from features.interactions.interactions import InteractionVocabulary
from history.config.config import FunnelConfig
from history.config.schema import OWN_ATTRIBUTES
from history.history import GONE, LOST, OPEN, WON, History
from history.snapshot import Snapshot, current_stages, state_at
from history.text.times import DAY_US
from models.doubts.lead_values import ValueCheck, value_check
from models.reasons.evidence import Evidence
from models.reasons.pace import Pace
from models.reasons.usual_touches import UsualTouch
from models.scorer import Part
from models.scores.scores import GONE_LEAD, LOST_LEAD, SCORED, WON_LEAD, Scores
from serving.api.events import events_of
from serving.application import build_app, guarded
from serving.base.event import Event
from serving.base.settings import Settings
from serving.jobs.jobs import Jobs
from serving.model.errors import NoModel
from serving.store.async_store import AsyncStore
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.reports.cache import DIRECT
from serving.store.reports.kept import Schedule
from serving.store.store import Store

NOW_US = 1_780_000_000_000_000  # 2026-05-28


def read_events(value: Any) -> list[Event]:
    """All events of a request at once."""
    return list(events_of(value))


@dataclass
class FakeModel:
    """The model of fake_score; `weight` is the log-odds of one visible interaction."""

    version: str = "1"
    weight: float = 0.3
    config: FunnelConfig = field(default_factory=FunnelConfig)
    vocabulary: Any = field(
        default_factory=lambda: SimpleNamespace(
            interactions=InteractionVocabulary(), attributes=(), reads_accounts=False, identity={}
        )
    )
    values: ValueCheck = field(default_factory=lambda: value_check([], [], OWN_ATTRIBUTES))
    usual_touches: tuple[UsualTouch, ...] = ()
    features: tuple[Feature, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    conversion: None = None
    past_leads: None = None
    pace: Pace | None = None


def _log_odds(model: FakeModel, history: History, lead: int, as_of_us: int) -> float:
    """Grows with the visible rows of the lead and falls with its age."""
    tables = (history.interactions, history.changes, history.stages)
    interactions, changes, stages = (
        int((table.known_us[table.offsets[lead] : table.offsets[lead + 1]] <= as_of_us).sum())
        for table in tables
    )
    days = (as_of_us - int(history.created_us[lead])) / DAY_US
    return -1.0 + model.weight * interactions + 0.2 * changes + 0.5 * stages - 0.01 * days


def fake_score(bundle: Any, snapshot: Snapshot, reasons: int | None = 5) -> Scores:
    """The logistic of _log_odds for open leads; 1 for won ones, 0 for lost ones."""
    history, n = snapshot.history, len(snapshot)
    state = state_at(history, snapshot.lead, snapshot.as_of_us)
    rows = zip(snapshot.lead.tolist(), snapshot.as_of_us.tolist(), strict=True)
    open_chance = np.array(
        [1 / (1 + math.exp(-_log_odds(bundle, history, lead, as_of_us))) for lead, as_of_us in rows]
    )
    chance = np.where(state == OPEN, open_chance, np.where(state == WON, 1.0, 0.0))
    status = np.select(
        [state == WON, state == LOST, state == GONE], [WON_LEAD, LOST_LEAD, GONE_LEAD], SCORED
    ).astype(np.int8)
    amount = np.full(n, 100.0)
    reason = {"feature": "x", "label": "a reason", "value": "1", "direction": "up", "points": 1.0}
    return Scores(
        lead_ids=[history.lead_ids[i] for i in snapshot.lead.tolist()],
        status=status,
        stage=current_stages(snapshot),
        as_of_us=snapshot.as_of_us,
        probability=chance,
        probability_low=chance / 2,
        probability_high=(1 + chance) / 2,
        horizon_days=90,
        score=100 * chance,
        grade=["A" if p > 0.5 else "D" for p in chance.tolist()],
        expected_amount=amount,
        expected_amount_low=amount,
        expected_amount_high=amount,
        currency="EUR",
        expected_close_day=np.full(n, "NaT", dtype="M8[D]"),
        baseline_probability=np.full(n, 0.2),
        reasons=[[reason][:reasons] for _ in range(n)],
        warnings=[[] for _ in range(n)],
        model_version=bundle.version,
    )


def fake_score_parts(
    bundle: Any, parts: Sequence[Part], reasons: int | None = 5, has_numbers: bool = False
) -> Any:
    """fake_score of each part, as models.scorer.score_parts gives it."""
    records = [record for part in parts for record in fake_score(bundle, part.snapshot, reasons).records()]
    return SimpleNamespace(scores=SimpleNamespace(records=lambda: records), parts=None)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


@dataclass
class FakeWatch:
    current: Any = None
    refused: Any = None
    is_loading: bool = False

    def bundle(self) -> Any:
        if self.current is None:
            raise NoModel(None, self.is_loading)
        return self.current


class FakeRuntime:
    """The part of serving.runtime.Runtime that routes use."""

    def __init__(self, home: Path, model: Any, url: str | None = None, reports: Schedule = DIRECT) -> None:
        self.settings = Settings(home=home)
        self.watch = FakeWatch(model)
        self.jobs = Jobs(home)
        self.stored = AsyncStore(home, url, lambda: None, reports)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.stored.running(), self.jobs.running():
            yield


def event(
    event_id: str, lead_id: str, data: dict[str, Any], kind: str = "interaction", **more: Any
) -> dict[str, Any]:
    """An event as a client sends it."""
    fields = {
        "event_id": event_id,
        "lead_id": lead_id,
        "type": kind,
        "occurred_at": "2026-05-01T10:00:00Z",
        "data": data,
    }
    return {**fields, **more}


def texts(column: Any) -> list[str | None]:
    """The texts of a Factor."""
    return [column.text(i) for i in range(len(column))]


def contents(history: Any) -> dict[str, Any]:
    """A History in comparable form: texts instead of codes, lists instead of arrays, None instead of NaN."""
    values: dict[str, Any] = {"lead_ids": list(history.lead_ids), "created_us": history.created_us.tolist()}
    values["attributes"] = {name: texts(f) for name, f in sorted(history.attributes.items()) if any(texts(f))}
    for name in ("interactions", "stages", "outcomes", "changes"):
        for key, column in vars(getattr(history, name)).items():
            if hasattr(column, "codes"):
                values[f"{name}.{key}"] = texts(column)
            elif key == "ids":
                values[f"{name}.{key}"] = list(column) if column is not None and any(column) else None
            else:
                values[f"{name}.{key}"] = [None if v != v else v for v in column.tolist()]
    return values


def read_leads(store: Store, lead_ids: Sequence[str], config: FunnelConfig, as_of_us: int) -> History:
    """The history of the stored leads among these, if created by as_of_us, in the given order."""
    with store.engine.reading() as connection:
        stored = find_leads(connection, lead_ids)
        known = [stored[lead_id] for lead_id in lead_ids if lead_id in stored]
        leads = [lead for lead in known if lead.created_us <= as_of_us]
        return history_of(rows_of(connection, leads), config, as_of_us)


def pages_of(read: Callable[[Any], tuple[Sequence[Any], Any]]) -> Iterator[Any]:
    """All entries of a paged call."""
    cursor = None
    while True:
        page, cursor = read(cursor)
        yield from page
        if cursor is None:
            return


def application(runtime: FakeRuntime) -> Any:
    """The whole application around a runtime, guard included."""
    app = build_app(runtime)  # type: ignore[arg-type]
    product = guarded(app, runtime.settings)

    async def entrance(scope: Any, receive: Any, send: Any) -> None:
        await (app if scope["type"] == "lifespan" else product)(scope, receive, send)

    return entrance
