"""SQLite and PostgreSQL give the same answers to the same requests."""

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import serving.api.leads.lead_documents
import serving.api.leads.leads
import serving.api.leads.recent_documents
from history.base.progress import no_progress
from serving.store.scores.rescoring.all_leads import rescore_all
from serving.store.scores.rescoring.changed_leads import rescore_dirty
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import (
    NOW_US,
    Clock,
    FakeModel,
    FakeRuntime,
    application,
    fake_score,
    fake_score_parts,
)

if TYPE_CHECKING:
    from tests.builders.service.store_fixtures import Server

pytest_plugins = ["tests.builders.service.store_fixtures"]
CALLS = 1_200
KINDS = ("interaction", "stage", "outcome", "attributes")
LEADS = [f"L{i}" for i in range(25)] + ["a/b", "Ünïcode", "'; --", "%", "_", "\\"]
Call = tuple[str, str, Any]


def data(kind: str, draw: random.Random) -> dict[str, Any]:
    """The data of an event; some of it invalid."""
    touch = {"kind": draw.choice(["call", "Ünï", "a%b_c"]), "value": draw.random()}
    choices: dict[str, list[dict[str, Any]]] = {
        "interaction": [
            {**touch, "interaction_id": f"i{draw.randrange(60)}"},
            {"kind": "email", "direction": "inbound", "channel": "web"},
            {"kind": ""},
        ],
        "stage": [{"stage": draw.choice(["new", "won't", "proposal"])}],
        "outcome": [
            {"outcome": "won", "amount": draw.randrange(1000) / 7},
            {"outcome": "lost", "reason": "price"},
            {"outcome": "open"},
        ],
        "attributes": [
            {"owner": draw.choice(["Ann", None, "Bob"]), "seats": draw.choice([1, 2.5, "3", True])}
        ],
    }
    return draw.choice(choices[kind])


def script(seed: int) -> list[Call]:
    """Writes and reads of a few leads, some of them invalid, some sent twice."""
    draw = random.Random(seed)
    calls: list[Call] = []
    for number in range(CALLS):
        lead = draw.choice(LEADS)
        path = f"/v1/leads/{''.join(f'%{b:02X}' for b in lead.encode())}"
        chosen = draw.random()
        if chosen < 0.2:
            day = draw.choice(["2026-01-05", "2026-01-05", "2026-01-06"])
            lead_values = {"created_at": f"{day}T08:00:00Z", "owner": draw.choice(["Ann", None])}
            calls.append(("PUT", path, {**lead_values, "attributes": {"plan": draw.choice(["a", None, 2])}}))
        elif chosen < 0.6:
            events = [
                {
                    "event_id": f"e{draw.randrange(number + 1)}",
                    "lead_id": draw.choice([lead, draw.choice(LEADS)]),
                    "type": kind,
                    "occurred_at": f"2026-0{draw.randint(1, 6)}-1{draw.randrange(9)}T10:00:00.{draw.randrange(999)}Z",
                    "data": data(kind, draw),
                }
                for kind in draw.choices(KINDS, k=draw.randint(1, 6))
            ]
            calls.append(("POST", "/v1/events", {"events": events}))
        elif chosen < 0.65:
            calls.append(("DELETE", path, None))
        elif chosen < 0.8:
            calls.append(("GET", path + draw.choice(["", "/history"]), None))
        elif chosen < 0.95:
            order = draw.choice(["expected_revenue", "probability", "created_at"])
            rest = draw.choice(["", "&q=a%25b", "&q=%5C", "&owner=Ann", "&grade=A", "&stage=won't"])
            calls.append(("GET", f"/v1/leads?order={order}&limit={draw.randint(1, 40)}{rest}", None))
        else:
            calls.append(("RESCORE", draw.choice(["dirty", "all"]), None))
    return calls


def answers(home: Path, url: str | None, calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Status and body of each call, one minute after the other."""
    clock, model = Clock(), FakeModel()
    runtime = FakeRuntime(home, model, url)
    runtime.stored.store.now_us = clock
    monkeypatch.setattr(serving.api.leads.leads, "clock_us", clock)
    monkeypatch.setattr(serving.api.leads.lead_documents, "clock_us", clock)
    monkeypatch.setattr(serving.api.leads.recent_documents, "clock_us", clock)
    monkeypatch.setattr(serving.api.leads.lead_documents, "score_parts", fake_score_parts)
    results: list[Any] = []
    with caller(application(runtime)) as client:
        for number, (method, path, body) in enumerate(calls):
            clock.now_us = NOW_US + number * 60_000_000
            if method == "RESCORE":
                store: Any = runtime.stored.store
                count = (
                    rescore_dirty(store, model, score=fake_score)  # type: ignore[arg-type]
                    if path == "dirty"
                    else rescore_all(store, model, clock.now_us, no_progress, fake_score)  # type: ignore[arg-type]
                )
                results.append((method, count))
                continue
            answer = client.request(method, path, json=body) if body else client.request(method, path)
            content = json.loads(answer.content) if answer.content else None
            if isinstance(content, dict):
                content.pop("request_id", None)
            results.append((answer.status_code, content))
    return results


@pytest.mark.long
def test_both_databases_answer_alike(
    tmp_path: Path, postgres: "Server", monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = script(3)
    on_sqlite = answers(tmp_path / "a", None, calls, monkeypatch)
    on_postgres = answers(tmp_path / "b", postgres.database(), calls, monkeypatch)
    for place, call in enumerate(calls):
        assert on_postgres[place] == on_sqlite[place], (place, call)
    statuses = {one[0] for one in on_sqlite}
    assert statuses >= {200, 201, 204, 404, 409, "RESCORE"}
