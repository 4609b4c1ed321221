"""Stored leads as documents: values, score now, timeline, and the history of the score."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from history.snapshot import Snapshot
from history.text.times import format_time
from models.bundle import Bundle
from models.scorer import Part, score_parts
from models.scores.scores import SCORED, STATUS
from serving.api.leads.kept_leads import KeptLeads, ViewKey
from serving.api.leads.lead_views import LeadView, Page, Reading, seen_at
from serving.base.clock import clock_us
from serving.store.config import display_in
from serving.store.cursors import write_cursor
from serving.store.event_ids import EventNames, read_names
from serving.store.leads.account_mates import mates_of
from serving.store.leads.history import history_of
from serving.store.leads.lead_heads import LeadHead, lead_heads
from serving.store.leads.lead_rows import LeadRows, find_leads, rows_of
from serving.store.leads.packed_rows import read_packed
from serving.store.leads.timeline import Key, Wanted
from serving.store.leads.whole_leads import WholeLeads
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
    connection: Connection,
    requests: Sequence[LeadRequest],
    kept: KeptLeads | None = None,
    heads: Mapping[str, LeadHead] | None = None,
) -> list[dict[str, Any] | None]:
    """Each lead with its score now (null without a model) and a page of its timeline; None for an unknown lead.

    `lead` and `timeline` are JSON (msgspec.Raw). All requests have the same model, number of reasons and has_facts; a
    document does not depend on the other requests, nor on what was kept. heads: of these leads, if this transaction
    has read them.
    """
    if heads is None:
        heads = lead_heads(connection, {request.lead_id for request in requests})
    if not heads:
        return [None] * len(requests)
    found = _read_views(connection, requests, heads, kept)
    if reads_accounts(requests[0].bundle):
        scores = _scored_with_mates(connection, heads, found.reading.now_us, requests[0])
        return _joined(requests, found, scores)
    return _documents(requests, heads, found, kept)


def _documents(
    requests: Sequence[LeadRequest],
    heads: Mapping[str, LeadHead],
    found: "_Found",
    kept: KeptLeads | None,
) -> list[dict[str, Any] | None]:
    """The documents by the leads' own rows; keeps the new views that hold."""
    scores = _scored_by_views(heads, found.views, found.reading.now_us, requests[0])
    if kept is not None:
        for head, view in found.read:  # now that what a score needs is in memory, too
            kept.keep(found.key, head, view)
    return _joined(requests, found, scores)


def _joined(
    requests: Sequence[LeadRequest], found: "_Found", scores: Mapping[str, "_Score"]
) -> list[dict[str, Any] | None]:
    return [
        _document(found.views[request.lead_id], found.page(request), scores[request.lead_id])
        if request.lead_id in scores
        else None
        for request in requests
    ]


def documents_without_transaction(
    requests: Sequence[LeadRequest], leads: WholeLeads, kept: KeptLeads
) -> list[dict[str, Any] | None] | None:
    """`read_stored_leads` by one statement's leads, by a model that does not read accounts.

    None unless all that the documents hold was read, or was kept as the heads have it.
    """
    heads = {one.lead_id: leads.heads[one.lead_id] for one in requests if one.lead_id in leads.heads}
    if not all(request.is_first_page for request in requests):
        return None
    if not heads:
        return [None] * len(requests)
    key = _key(requests[0], heads)
    reading = Reading(_names_in(leads), key.bundle, key.display, clock_us())
    views = kept.views(key, heads)
    unread = [head for lead_id, head in heads.items() if lead_id not in views]
    if not all(head.lead_id in leads.rows for head in unread):
        return None
    read = _new_views(reading, unread, leads.rows, views)
    return _documents(requests, heads, _Found(reading, views, leads.rows, read, key), kept)


def _names_in(leads: WholeLeads) -> Callable[[LeadRows], EventNames]:
    return lambda rows: leads.names[rows.leads[0].lead_id]


def _document(view: LeadView, page: Page, score: "_Score") -> dict[str, Any]:
    record = score.record
    return {
        "lead": view.lead,
        "score": None if record is None else {**record, "name": view.name},
        "timeline": page.entries,
        "next_cursor": page.next_cursor,
        **score.advice,
    }


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


def _key(wanted: LeadRequest, heads: Mapping[str, LeadHead]) -> ViewKey:
    """What the views of leads depend on beside their rows; heads: of one or more leads."""
    bundle = wanted.bundle
    config, erasures, restored = next(iter(heads.values())).settings
    display = display_in(config) or ({} if bundle is None else bundle.config.display)
    alone = None if reads_accounts(bundle) else bundle
    return ViewKey(alone, display, erasures, restored)


def _read_views(
    connection: Connection,
    requests: Sequence[LeadRequest],
    heads: Mapping[str, LeadHead],
    kept: KeptLeads | None,
) -> _Found:
    """The views of the leads of these heads. Those that were kept are not read again, unless for another page."""
    key = _key(requests[0], heads)
    reading = Reading(partial(read_names, connection), key.bundle, key.display, clock_us())
    views = {} if kept is None else kept.views(key, heads)
    paged = {request.lead_id for request in requests if not request.is_first_page}
    unread = [heads[lead_id] for lead_id in heads if lead_id not in views or lead_id in paged]
    rows_by_lead = _rows_by_lead(connection, unread, paged) if unread else {}
    new = [head for head in unread if head.lead_id not in views]
    return _Found(reading, views, rows_by_lead, _new_views(reading, new, rows_by_lead, views), key)


def _new_views(
    reading: Reading,
    heads: Sequence[LeadHead],
    rows: Mapping[str, LeadRows],
    views: dict[str, LeadView],
) -> list[tuple[LeadHead, LeadView]]:
    """Adds the views of leads that were read to `views`; returns those that hold."""
    holding = []
    for head in heads:
        view = views[head.lead_id] = reading.view(rows[head.lead_id])
        if view.holds:
            holding.append((head, view))
    return holding


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


def _scored_by_views(
    heads: Mapping[str, LeadHead], views: Mapping[str, LeadView], now_us: int, wanted: LeadRequest
) -> dict[str, _Score]:
    """lead_id -> the score by the lead's own rows; no score without a model."""
    if wanted.bundle is None:
        return dict.fromkeys(heads, _Score(None, NO_ADVICE))
    as_of_us = [seen_at(head.created_us, now_us) for head in heads.values()]
    ready = [views[lead_id].ready for lead_id in heads]
    scores = _scored_alone(wanted.bundle, [lead for lead in ready if lead is not None], as_of_us, wanted)
    return {lead_id: _for_reader(score, wanted) for lead_id, score in zip(heads, scores, strict=True)}


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


def reads_accounts(bundle: Bundle | None) -> bool:
    """Whether a score depends on rows of other leads."""
    return bundle is not None and bundle.vocabulary.reads_accounts


def _scored_with_mates(
    connection: Connection, heads: Mapping[str, LeadHead], now_us: int, wanted: LeadRequest
) -> dict[str, _Score]:
    """lead_id -> the score of leads whose features read the rows of other leads of their accounts, too."""
    bundle = wanted.bundle
    assert bundle is not None
    as_of_us = [seen_at(head.created_us, now_us) for head in heads.values()]
    leads = [head.row() for head in heads.values()]
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
        scores.append(_for_reader(_Score(record, advised), wanted))
    return dict(zip(heads, scores, strict=True))


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
