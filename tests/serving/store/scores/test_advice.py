"""Advice: each suggestion is a what-if of the sellers' own acts, the best first; similar leads are the model's."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from history.text.times import DAY_US, format_time
from models.bundle import Bundle
from models.home.pointer import champion
from models.scorer import score, score_parts
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.scores.acts import acts_of
from serving.store.scores.advice import (
    MOST_SUGGESTIONS,
    NO_ADVICE,
    ScoredLead,
    advice,
    advice_of_leads,
)
from serving.store.scores.ready import ReadyLead, ready_lead
from serving.store.scores.what_if import changed, snapshot_of
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, Clock, event
from tests.builders.service.usual_lead import ATTRIBUTES, inbound, rows_with


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    assert bundle.conversion is not None
    return bundle


def test_each_suggestion_is_what_the_what_if_says(tmp_path: Path, bundle: Bundle) -> None:
    rows = rows_with(tmp_path, inbound("call", 3), event("s", "a", {"stage": "qualified"}, "stage"))
    gains = {}
    base = float(score(bundle, snapshot_of(rows, bundle, NOW_US), 0).probability[0])
    acts = acts_of(bundle, rows, NOW_US)
    for place, change in enumerate(acts.changes(NOW_US)):
        reached = score(bundle, snapshot_of(changed(rows, change), bundle, NOW_US), 0).probability[0]
        gains[acts.suggestion(place, NOW_US).words] = 100 * (float(reached) - base)
    suggested = advice(bundle, rows, NOW_US)["suggestions"]
    best = sorted((points for points in gains.values() if points >= 0.05), reverse=True)[:MOST_SUGGESTIONS]
    assert [one["points"] for one in suggested] == best
    assert all(gains[one["change"]] == one["points"] for one in suggested)
    assert suggested


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


def scored(bundle: Bundle, lead: ReadyLead, as_of_us: int) -> ScoredLead:
    """The lead with its score at an instant."""
    part = lead.part(as_of_us)
    made = score_parts(bundle, [part], 1)
    assert made.parts is not None
    return ScoredLead(
        ready=lead,
        as_of_us=as_of_us,
        probability=float(made.scores.probability[0]),
        stage=made.scores.stage[0],
        values=made.matrix.values[0],
        walks=part.walks,
        parts=made.parts[0],
    )


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
    each = [rows.only(position) for position in (2, 0, 1)]
    ready = [ready_lead(bundle, one, NOW_US) for one in each]
    for as_of_us in (NOW_US, NOW_US + DAY_US, NOW_US):  # as read, and a day later
        alone = [advice(bundle, one, as_of_us) for one in each]
        assert advice_of_leads(bundle, [scored(bundle, lead, as_of_us) for lead in ready]) == alone
    assert any(one["suggestions"] for one in alone)
    monkeypatch.setattr(type(bundle.vocabulary), "reads_accounts", True)
    assert [advice(bundle, one, NOW_US) for one in each] == alone
