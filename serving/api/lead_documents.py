"""Stored leads as documents: values, score now, timeline, and the history of the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from history.history import History
from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle
from models.scorer import score_with_numbers as score
from models.scores import SCORED, STATUS
from serving.base.clock import clock_us
from serving.store.account_mates import mates_of
from serving.store.config import stored_display
from serving.store.cursors import write_cursor
from serving.store.event_ids import EventNames, event_names
from serving.store.history import history_of
from serving.store.lead_rows import LeadRows, find_leads, rows_of
from serving.store.leads import current_attributes, seen_lead
from serving.store.schema import LEAD_NO
from serving.store.scores.advice import NO_ADVICE, OpenLead, advice, advice_of_leads
from serving.store.scores.entries import NUMBER
from serving.store.scores.history import score_history
from serving.store.timeline import Key, Wanted, lead_document, timeline

HISTORY_PAGE = 100
REASONS = 5
SAID = "said"  # of a cause or suggestion: what its words are made of
SCORED_STATUS = STATUS[SCORED]


@dataclass(frozen=True, eq=False)
class LeadRequest:
    """A stored lead to read: the model to score it with (None: no score), the page of its timeline, how many reasons
    the score gives, and whether what their words are made of is in the document too (`number`, `said`)."""

    lead_id: str
    bundle: Bundle | None
    before: Key | None = None
    kind: str | None = None
    reasons: int = REASONS
    has_facts: bool = False


def read_stored_leads(connection: Connection, requests: Sequence[LeadRequest]) -> list[dict[str, Any] | None]:
    """Each lead with its score now (null without a model) and a page of its timeline; None for an unknown lead.

    All requests have the same model, number of reasons and has_facts; a document does not depend on the other requests.
    """
    leads = find_leads(connection, list({request.lead_id for request in requests}))
    bundle = requests[0].bundle
    mates = [] if bundle is None else mates_of(connection, bundle, list(leads.values()))
    rows = rows_of(connection, [*leads.values(), *mates])
    places = {lead_id: place for place, lead_id in enumerate(leads)}
    now_us = clock_us()
    as_of_us = [max(now_us, lead.created_us) for lead in leads.values()]
    history = None if bundle is None or not as_of_us else history_of(rows, bundle.config, max(as_of_us))
    records = _records(history, bundle, as_of_us, requests[0])
    advised = [
        _advised(one, requests[0]) for one in _advice(_Stand(rows, as_of_us, history), bundle, records)
    ]
    display = stored_display(connection) or ({} if bundle is None else bundle.config.display)
    documents: list[dict[str, Any] | None] = []
    for request in requests:
        place = places.get(request.lead_id)
        if place is None:
            documents.append(None)
        else:
            alone = rows.only(place)
            has_changes = bool(len(alone.tables["attribute_changes"][LEAD_NO]))
            names = event_names(connection, rows.leads[place].lead_no, has_changes)
            page = _Page(alone, as_of_us[place], display, names, Wanted(request.before, request.kind))
            documents.append({**_document(page, records[place]), **advised[place]})
    return documents


class _Stand(NamedTuple):
    """Leads with their rows at their instants, and their history; None without a model."""

    rows: LeadRows
    as_of_us: Sequence[int]
    history: History | None


def _advice(
    stand: _Stand, bundle: Bundle | None, records: Sequence[dict[str, Any] | None]
) -> list[dict[str, Any]]:
    """What the sellers could do for each lead, and how past leads like it ended; of scored leads only."""
    advised: list[dict[str, Any]] = [NO_ADVICE] * len(records)
    if bundle is None or stand.history is None:
        return advised
    scored = [
        place
        for place, record in enumerate(records)
        if record is not None and record["status"] == SCORED_STATUS
    ]
    rows, now_us = stand.rows, stand.history.as_of_us
    if bundle.vocabulary.reads_accounts or any(us != now_us for us in stand.as_of_us):
        for place in scored:
            leads = [rows.leads[place], *rows.leads[:place], *rows.leads[place + 1 :]]
            advised[place] = advice(bundle, replace(rows, leads=leads), stand.as_of_us[place])
        return advised
    together = advice_of_leads(bundle, stand.history, [OpenLead(rows.only(place), place) for place in scored])
    for place, one in zip(scored, together, strict=True):
        advised[place] = one
    return advised


def _advised(advised: dict[str, Any], wanted: LeadRequest) -> dict[str, Any]:
    """What the document says of it."""
    if wanted.has_facts:
        return advised
    return {**advised, "suggestions": [_without(act, SAID) for act in advised["suggestions"]]}


def _without(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def _records(
    history: History | None, bundle: Bundle | None, as_of_us: Sequence[int], wanted: LeadRequest
) -> Sequence[dict[str, Any] | None]:
    if bundle is None or history is None:
        return [None] * len(as_of_us)
    leads = np.arange(len(as_of_us), dtype=np.int64)
    snapshot = Snapshot(history, leads, np.array(as_of_us, dtype=np.int64))
    records = score(bundle, snapshot, wanted.reasons).records()
    if wanted.has_facts:
        return records
    return [
        {**record, "reasons": [_without(reason, NUMBER) for reason in record["reasons"]]}
        for record in records
    ]


@dataclass(frozen=True)
class _Page:
    """The rows of one lead, read at now_us with the settings of `[display]`, and the page of its timeline."""

    rows: LeadRows
    now_us: int
    display: Mapping[str, Any]
    names: EventNames
    wanted: Wanted


def _document(page: _Page, record: dict[str, Any] | None) -> dict[str, Any]:
    (now,) = current_attributes(page.rows, page.now_us)
    lead = page.rows.leads[0]
    seen = seen_lead(page.display, lead.lead_id, now)
    entries, key = timeline(page.rows, page.names, page.wanted)
    return {
        "lead": {**lead_document(lead, now), **seen._asdict()},
        "score": None if record is None else {**record, "name": seen.name},
        "timeline": entries,
        "next_cursor": None if key is None else write_cursor(*key),
    }


def read_score_history(
    connection: Connection, lead_id: str, before: tuple[int] | None, has_facts: bool = False
) -> dict[str, Any] | None:
    """A page of the moves of a lead's score, newest first; None for an unknown lead. has_facts: see LeadRequest."""
    lead = find_leads(connection, [lead_id]).get(lead_id)
    if lead is None:
        return None
    rows, last = score_history(connection, lead.lead_no, HISTORY_PAGE, before[0] if before else None)
    return {
        "history": [_history_entry(row, has_facts) for row in rows],
        "next_cursor": None if last is None else write_cursor(last),
    }


def _history_entry(row: Mapping[str, Any], has_facts: bool) -> dict[str, Any]:
    causes = row["causes"] if has_facts else [_without(cause, SAID) for cause in row["causes"]]
    names = ("probability", "delta", "status", "model_version")
    return {
        "as_of": format_time(row["as_of_us"]),
        **{name: row[name] for name in names},
        "causes": causes,
    }
