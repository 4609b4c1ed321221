"""Advice: each suggestion is a what-if of the sellers' own acts, the best first; similar leads are the model's."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.pointer import champion
from models.scorer import score
from serving.store.history import history_of
from serving.store.lead_rows import LeadRows, find_leads, rows_of
from serving.store.scores.advice import (
    MOST_SUGGESTIONS,
    NO_ADVICE,
    OpenLead,
    advice,
    advice_of_leads,
    candidates,
)
from serving.store.scores.what_if import changed, snapshot_of
from serving.store.store import Store
from tests.builders.scored_store import post, put
from tests.builders.store_fakes import NOW_US, Clock, event

# As usual: with fewer the model would abstain.
ATTRIBUTES: dict[str, Any] = {
    "owner": "Ann",
    "source": "partner",
    "industry": "software",
    "country": "DE",
    "product": "team",
    "employees": 50,
    "seats": 12,
    "profile_fit": 60,
    "is_customer": False,
    "work_email": True,
    "newsletter": True,
    "contact_role": "manager",
    "annual_budget": 9000,
    "planned_close_on": "2026-08-01",
}


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    assert bundle.conversion is not None
    return bundle


def rows_with(folder: Path, *events: dict[str, Any]) -> LeadRows:
    store = Store(folder, now_us=Clock())
    put(store, **ATTRIBUTES)
    post(store, *events)
    with store.engine.reading() as connection:
        rows = rows_of(connection, [find_leads(connection, ["a"])["a"]])
    store.close()
    return rows


def inbound(kind: str, days: float, channel: str = "phone") -> dict[str, Any]:
    data = {"kind": kind, "channel": channel, "direction": "inbound"}
    return event(f"{kind}{days}", "a", data, occurred_at=format_time(int(NOW_US - days * DAY_US)))


def test_each_suggestion_is_what_the_what_if_says(tmp_path: Path, bundle: Bundle) -> None:
    rows = rows_with(tmp_path, inbound("call", 3), event("s", "a", {"stage": "qualified"}, "stage"))
    gains = {}
    base = float(score(bundle, snapshot_of(rows, bundle, NOW_US), 0).probability[0])
    for act in candidates(bundle, rows, NOW_US):
        reached = score(bundle, snapshot_of(changed(rows, act.change), bundle, NOW_US), 0).probability[0]
        gains[act.words] = 100 * (float(reached) - base)
    suggested = advice(bundle, rows, NOW_US)["suggestions"]
    best = sorted((points for points in gains.values() if points >= 0.05), reverse=True)[:MOST_SUGGESTIONS]
    assert [one["points"] for one in suggested] == best
    assert all(gains[one["change"]] == one["points"] for one in suggested)
    assert suggested


def test_a_recent_message_is_to_be_answered(tmp_path: Path, bundle: Bundle) -> None:
    waiting = [act.words for act in candidates(bundle, rows_with(tmp_path / "1", inbound("call", 3)), NOW_US)]
    assert "Answer the lead's call of 3 days ago: call now" in waiting
    old = [act.words for act in candidates(bundle, rows_with(tmp_path / "2", inbound("call", 40)), NOW_US)]
    assert "Call from us now" in old
    assert len(old) == len(waiting) == len(bundle.usual_touches)


def test_declared_yes_or_no_attributes_are_tried(tmp_path: Path, bundle: Bundle) -> None:
    names = [a.name for a in bundle.vocabulary.attributes if a.kind == "boolean"]
    config = replace(bundle.config, mutable=(names[0],))
    declared = replace(bundle, vocabulary=replace(bundle.vocabulary, config=config), usual_touches=())
    rows = rows_with(tmp_path / "1")
    assert [act.words for act in candidates(declared, rows, NOW_US)] == [f"{names[0].replace('_', ' ')}: yes"]
    agreed = rows_with(tmp_path / "2", event("yes", "a", {names[0]: True}, "attributes"))
    assert candidates(declared, agreed, NOW_US) == []


def test_similar_leads_are_in_the_same_stage(tmp_path: Path, bundle: Bundle) -> None:
    rows = rows_with(tmp_path, event("s", "a", {"stage": "qualified"}, "stage"))
    similar = advice(bundle, rows, NOW_US)["similar"]
    assert 0 < len(similar) <= 5
    assert {one["stage"] for one in similar} == {"qualified"}
    assert all(set(one) == {"stage", "outcome", "amount", "days"} for one in similar)


def test_without_a_signal_or_a_table_there_is_no_advice(tmp_path: Path, bundle: Bundle) -> None:
    rows = rows_with(tmp_path)
    assert advice(replace(bundle, conversion=None), rows, NOW_US) == NO_ADVICE
    old = replace(bundle, past_leads=None, usual_touches=())
    assert advice(old, rows, NOW_US) == NO_ADVICE


def test_advice_does_not_depend_on_other_leads(
    tmp_path: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one lead, of several in one history, and with a history a variant, as models of accounts need it."""
    with closing(Store(tmp_path, now_us=Clock())) as store:
        for number, lead_id in enumerate(("a", "b", "c")):
            put(store, lead_id, **ATTRIBUTES, n=number)
            asked = {"kind": "call", "channel": "phone", "direction": "inbound"}
            days = 3 + 7 * number
            post(store, event(f"i{number}", lead_id, asked, occurred_at=format_time(NOW_US - days * DAY_US)))
        post(store, event("s", "b", {"stage": "qualified"}, "stage"))
        with store.engine.reading() as connection:
            rows = rows_of(connection, list(find_leads(connection, ["a", "b", "c"]).values()))
    history = history_of(rows, bundle.config, NOW_US)
    leads = [OpenLead(rows.only(position), position) for position in (2, 0, 1)]
    together = advice_of_leads(bundle, history, leads)
    alone = [advice(bundle, lead.rows, NOW_US) for lead in leads]
    assert together == alone
    assert any(one["suggestions"] for one in alone)
    monkeypatch.setattr(type(bundle.vocabulary), "reads_accounts", True)
    assert [advice(bundle, lead.rows, NOW_US) for lead in leads] == alone
