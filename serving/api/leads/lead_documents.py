"""Stored leads as documents: values, score now, timeline, and the history of the score."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle
from models.scorer import Part, score_parts
from models.scores.scores import SCORED, STATUS
from serving.api.leads.kept_leads import KeptLeads, ViewKey
from serving.api.leads.lead_views import LeadView, Page, Reading
from serving.base.clock import clock_us
from serving.store.config import display_in
from serving.store.cursors import write_cursor
from serving.store.leads.account_mates import mates_of
from serving.store.leads.history import history_of
from serving.store.leads.lead_heads import LeadHead, lead_heads
from serving.store.leads.lead_rows import LeadRow, LeadRows, find_leads, rows_of
from serving.store.leads.packed_rows import read_packed
from serving.store.leads.timeline import Key, Wanted
from serving.store.scores.advice import NO_ADVICE, ScoredLead, advice, advice_of_leads
from serving.store.scores.history import score_history
from serving.store.scores.ready import ReadyLead

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

    @property
    def is_first_page(self) -> bool:
        """True for the newest entries of all kinds."""
        return self.before is None and not self.kind


def read_stored_leads(
    connection: Connection, requests: Sequence[LeadRequest], kept: KeptLeads | None = None
) -> list[dict[str, Any] | None]:
    """Each lead with its score now (null without a model) and a page of its timeline; None for an unknown lead.

    `lead` and `timeline` are JSON (msgspec.Raw). All requests have the same model, number of reasons and has_facts; a
    document does not depend on the other requests, nor on what was kept.
    """
    wanted = requests[0]
    heads = lead_heads(connection, list({request.lead_id for request in requests}))
    if not heads:
        return [None] * len(requests)
    found = _read_views(connection, requests, heads, kept)
    scored = _scored(connection, list(heads.values()), found, wanted)
    if kept is not None:
        for head, view in found.read:  # now that what a score needs is in memory, too
            kept.keep(found.key, head, view)
    documents: list[dict[str, Any] | None] = []
    for request in requests:
        if request.lead_id not in heads:
            documents.append(None)
            continue
        view, of_score = found.views[request.lead_id], scored[request.lead_id]
        page = found.page(request)
        record = of_score.record
        documents.append(
            {
                "lead": view.lead,
                "score": None if record is None else {**record, "name": view.name},
                "timeline": page.entries,
                "next_cursor": page.next_cursor,
                **of_score.advice,
            }
        )
    return documents


@dataclass(frozen=True)
class _Found:
    """The views of leads by lead_id, the rows of those that were read, and the new views that hold, with their key."""

    reading: Reading
    views: Mapping[str, LeadView]
    rows: Mapping[str, LeadRows]
    read: Sequence[tuple[LeadHead, LeadView]]
    key: ViewKey

    def page(self, request: LeadRequest) -> Page:
        """The page that a request asks for."""
        if request.is_first_page:
            return self.views[request.lead_id].first_page
        return self.reading.page(self.rows[request.lead_id], Wanted(request.before, request.kind))


def _read_views(
    connection: Connection,
    requests: Sequence[LeadRequest],
    heads: Mapping[str, LeadHead],
    kept: KeptLeads | None,
) -> _Found:
    """The views of the leads of these heads. Those that were kept are not read again, unless for another page."""
    bundle = requests[0].bundle
    config, erasures, restored = next(iter(heads.values())).settings
    display = display_in(config) or ({} if bundle is None else bundle.config.display)
    alone = None if bundle is None or bundle.vocabulary.reads_accounts else bundle
    key = ViewKey(alone, display, erasures, restored)
    reading = Reading(connection, alone, display, clock_us())
    views: dict[str, LeadView] = {}
    if kept is not None:
        known = ((lead_id, kept.get(key, head)) for lead_id, head in heads.items())
        views = {lead_id: view for lead_id, view in known if view is not None}
    paged = {request.lead_id for request in requests if not request.is_first_page}
    unread = [heads[lead_id] for lead_id in heads if lead_id not in views or lead_id in paged]
    rows_by_lead = _rows_by_lead(connection, unread, paged)
    read = []
    for head in unread:
        if head.lead_id not in views:
            view = views[head.lead_id] = reading.view(rows_by_lead[head.lead_id])
            if view.holds:
                read.append((head, view))
    return _Found(reading, views, rows_by_lead, read, key)


def _rows_by_lead(
    connection: Connection, heads: Sequence[LeadHead], paged: Collection[str]
) -> dict[str, LeadRows]:
    """lead_id -> the rows of the lead alone; packed ones, which have no ids, if no page but the first is asked for."""
    packed: dict[str, LeadRows] = {}
    for head in heads:
        if head.packed_through is not None and head.lead_id not in paged:
            rows = read_packed(connection, head.row(), head.corrected_row)
            if rows is not None:
                packed[head.lead_id] = rows
    others = [head for head in heads if head.lead_id not in packed]
    together = rows_of(connection, [head.row() for head in others])
    return packed | {head.lead_id: together.only(place) for place, head in enumerate(others)}


class _Score(NamedTuple):
    """The record of a lead's score, None without a model, and what stands beside it."""

    record: dict[str, Any] | None
    advice: dict[str, Any]


def _scored(
    connection: Connection, heads: Sequence[LeadHead], found: _Found, wanted: LeadRequest
) -> dict[str, _Score]:
    """lead_id -> the lead's score now."""
    bundle = wanted.bundle
    if bundle is None:
        return {head.lead_id: _Score(None, NO_ADVICE) for head in heads}
    as_of_us = [found.reading.as_of_us(head.created_us) for head in heads]
    if bundle.vocabulary.reads_accounts:
        leads = [head.row() for head in heads]
        scores = _scored_with_mates(connection, leads, as_of_us, wanted)
    else:
        ready = [found.views[head.lead_id].ready for head in heads]
        scores = _scored_alone(bundle, [lead for lead in ready if lead is not None], as_of_us, wanted)
    return {head.lead_id: _for_reader(score, wanted) for head, score in zip(heads, scores, strict=True)}


def _scored_alone(
    bundle: Bundle, leads: Sequence[ReadyLead], as_of_us: Sequence[int], wanted: LeadRequest
) -> list[_Score]:
    """The scores of leads by their own rows."""
    has_advice = bundle.conversion is not None
    parts = [lead.part(us, has_advice) for lead, us in zip(leads, as_of_us, strict=True)]
    scored = score_parts(bundle, parts, wanted.reasons, wanted.has_facts)
    records = scored.scores.records()
    open_places = [i for i, record in enumerate(records) if record["status"] == SCORED_STATUS]
    advised: list[dict[str, Any]] = [NO_ADVICE] * len(records)
    if bundle.conversion is not None and open_places:
        contributions = scored.parts
        if contributions is None:  # no reasons were asked for
            contributions = bundle.conversion.contributions(scored.matrix.values).parts
        open_leads = [
            ScoredLead(
                ready=leads[i],
                as_of_us=as_of_us[i],
                probability=records[i]["probability"],
                stage=scored.scores.stage[i],
                values=scored.matrix.values[i],
                walks=parts[i].walks,
                parts=contributions[i],
            )
            for i in open_places
        ]
        for i, one in zip(open_places, advice_of_leads(bundle, open_leads), strict=True):
            advised[i] = one
    return [_Score(record, one) for record, one in zip(records, advised, strict=True)]


def _scored_with_mates(
    connection: Connection, leads: Sequence[LeadRow], as_of_us: Sequence[int], wanted: LeadRequest
) -> list[_Score]:
    """The scores of leads whose features read the rows of other leads of their accounts, too."""
    bundle = wanted.bundle
    assert bundle is not None
    rows = rows_of(connection, [*leads, *mates_of(connection, bundle, leads)])
    history = history_of(rows, bundle.config, max(as_of_us))
    places = np.arange(len(leads), dtype=np.int64)
    snapshot = Snapshot(history, places, np.array(as_of_us, dtype=np.int64))
    records = score_parts(bundle, [Part(snapshot)], wanted.reasons, wanted.has_facts).scores.records()
    scores = []
    for place, (record, us) in enumerate(zip(records, as_of_us, strict=True)):
        advised = NO_ADVICE
        if record["status"] == SCORED_STATUS:
            around = [rows.leads[place], *rows.leads[:place], *rows.leads[place + 1 :]]
            advised = advice(bundle, replace(rows, leads=around), us)
        scores.append(_Score(record, advised))
    return scores


def _for_reader(score: _Score, wanted: LeadRequest) -> _Score:
    """What the document says of it."""
    if wanted.has_facts:
        return score
    suggestions = [_without(act, SAID) for act in score.advice["suggestions"]]
    return score._replace(advice={**score.advice, "suggestions": suggestions})


def _without(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


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
