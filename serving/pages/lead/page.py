"""The page of a stored lead: its score and why, what could be done, how it came here, and its timeline."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from models.bundle import Bundle
from serving.api.cursors import read_page_cursor
from serving.api.leads.lead_documents import LeadRequest, read_score_history, read_stored_leads
from serving.api.leads.lead_path import lead_path, unknown_lead
from serving.api.leads.what_if import WhatIf, what_if
from serving.api.worklist import SELECTION, worklist_query
from serving.base.clock import clock_us
from serving.http.queries import query_texts, read_filter, read_query, read_text
from serving.http.router import Routes
from serving.pages.lead.reasons import ReasonWords
from serving.pages.lead.score_line import score_line
from serving.pages.lead.steps import StepWords, step_words
from serving.pages.lead.told import act_words, cause_words
from serving.pages.lead.waterfall import Bar, Ends, stage_labels, steps_of, waterfall
from serving.pages.lead.what_if import choices_of
from serving.pages.lead.words import days_of, said, value_words
from serving.pages.rendering import formats_of, is_panel, lead_link, render
from serving.pages.words.catalogue import Translator
from serving.pages.words.names import column_words
from serving.store.beside import read_beside
from serving.store.scores.worklist.entries import Shown
from serving.store.scores.worklist.selection import WorklistQuery
from serving.store.scores.worklist.worklist import Worklist

PREFIX = b"/leads/"
MOVES_SHOWN = 8
# What a form has done, by the query with which it returns.
DONE = {
    "called": "lead.done_called",
    "noted": "lead.done_noted",
    "removed": "lead.done_removed",
    "snoozed": "lead.done_snoozed",
    "awake": "lead.done_awake",
    "kept": "lead.done_kept",
    "corrected": "lead.done_corrected",
}
READERS = {
    "view": read_text,
    "cursor": read_text,
    "kind": read_filter,
    "correct": read_filter,
    "done": read_filter,
    "panel": read_filter,
}
ABSTAINED = "insufficient_data"
OPEN_STATUS = ("scored", ABSTAINED)

routes = Routes()


REASONS = 10  # more than the API's five: those that say which stage it is share a bar
# Of a page's query, what its links and forms keep.
KEPT = ("view", "kind", "cursor")


@dataclass(frozen=True)
class Wanted:
    """A lead's page to read: its timeline's page, and a change to try."""

    lead_id: str
    bundle: Bundle | None
    query: Mapping[str, Any]
    change: WhatIf | None = None


@routes.get("/leads/{lead_id:text}")
async def get_lead_page(request: Request) -> Response:
    """The lead, or a later page of its timeline; raises Problem 404 for an unknown one."""
    path = lead_path(request, PREFIX)
    if path.part:
        raise unknown_lead()
    bundle = request.app.state.runtime.watch.current
    return await lead_page(request, Wanted(path.lead_id, bundle, query_of(request)))


def query_of(request: Request) -> dict[str, Any]:
    """The page's query; a CRM's frame may add keys of its own, which are passed over."""
    raw: bytes = request.scope["query_string"]
    if is_panel(request):
        known = [(key, text) for key in READERS for text in query_texts(raw).get(key, ())]
        raw = urlencode(known).encode()
    return read_query(raw, READERS)


async def lead_page(request: Request, wanted: Wanted, **more: Any) -> Response:
    """The page; raises Problem 404 for an unknown lead."""
    runtime = request.app.state.runtime
    view = list_query(wanted.query.get("view") or "")
    config = None if wanted.bundle is None else wanted.bundle.config

    def read(connection: Connection) -> dict[str, Any] | None:
        document = _read(connection, wanted)
        if document is None:
            return None
        listed: Worklist = runtime.stored.worklist
        around = listed.around(connection, view, wanted.lead_id, config)
        return {**document, "around": around, "listed": listed.shown(connection, wanted.lead_id, config)}

    # In a thread: a page's lead, its history and a what-if take several queries and scores.
    document = await runtime.stored.read(read)
    if document is None:
        raise unknown_lead()
    return render("lead.html", request, **{**document, **_shown(request, wanted, document), **more})


def list_query(view: str) -> WorklistQuery:
    """The worklist that led to the page, from its query; what selects and orders nothing is passed over."""
    texts = query_texts(view.encode())
    known = [(key, text) for key in SELECTION for text in texts.get(key, ())]
    return worklist_query(read_query(urlencode(known).encode(), SELECTION))


def _read(connection: Connection, wanted: Wanted) -> dict[str, Any] | None:
    """The lead's document, its moves, what is beside it and the change's result; None for an unknown lead."""
    query = wanted.query
    before = read_page_cursor(query.get("cursor"), (int, int))
    (document,) = read_stored_leads(
        connection,
        [LeadRequest(wanted.lead_id, wanted.bundle, before, query.get("kind"), REASONS, has_facts=True)],
    )
    moves = read_score_history(connection, wanted.lead_id, None, has_facts=True)
    beside = read_beside(connection, wanted.lead_id, clock_us())
    if document is None or moves is None or beside is None:
        return None
    result = None
    if wanted.change is not None and wanted.bundle is not None:
        result = what_if(connection, wanted.bundle, wanted.change, has_numbers=True)
    document = {**document, **{name: msgspec.json.decode(document[name]) for name in ("lead", "timeline")}}
    return {**document, **beside, "moves": moves["history"], "result": result}


def _shown(request: Request, wanted: Wanted, document: Mapping[str, Any]) -> dict[str, Any]:
    """What the template shows beside the document."""
    translate = Translator(formats_of(request))
    return {
        **_links(request, wanted, document["next_cursor"]),
        **_shown_score(wanted, document, translate),
        **_shown_timeline(wanted, document, translate),
        **_shown_actions(wanted, document, translate),
        "zone_name": str(translate.formats.zone),
        "known": [
            (column_words(name, translate), value_words(value, translate))
            for name, value in document["lead"]["attributes"].items()
        ],
        "crm_url": safe_url(document["lead"]["url"]),
        "call_id": f"page-{secrets.token_urlsafe(12)}",
        "notices": notices_of(wanted.query.get("done"), translate),
    }


def _links(request: Request, wanted: Wanted, next_cursor: str | None) -> dict[str, Any]:
    """Where the page leads: to the list it came from, to more of the timeline, and to itself as a panel."""
    query = wanted.query
    link = lead_link(wanted.lead_id)
    panel = {"panel": "1"} if is_panel(request) else {}
    kept = {**panel, **{key: query.get(key) for key in KEPT}}
    return {
        "lead_path": link,
        "next_link": _link(link, {**kept, "cursor": next_cursor}) if next_cursor else None,
        "panel_query": _link("", panel),
        "back": _link(link, kept),
        "edit_query": partial(_edit_query, kept),
        "view": query.get("view") or "",
        "list_path": "/?" + query["view"] if query.get("view") else "/",
        "is_first_page": not query.get("cursor"),
    }


def _shown_score(wanted: Wanted, document: Mapping[str, Any], translate: Translator) -> dict[str, Any]:
    """The line of the score over time, its reasons as bars, and how it has moved."""
    score, bundle = document["score"], wanted.bundle
    shown: dict[str, Any] = {"bars": [], "line": None, "other_warnings": []}
    shown["moves"] = [_move(move, translate) for move in document["moves"][:MOVES_SHOWN]]
    if score is None:
        return shown
    shown["other_warnings"] = [one for one in score["warnings"] if one["code"] != ABSTAINED]
    if score["status"] in OPEN_STATUS:
        shown["line"] = score_line(document["moves"], score["probability"], score["as_of"])
    if score["reasons"] and bundle is not None:
        shown["bars"] = bars_of(score, bundle, translate)
    return shown


def _shown_timeline(wanted: Wanted, document: Mapping[str, Any], translate: Translator) -> dict[str, Any]:
    query, score = wanted.query, document["score"]
    currency = None if score is None else score["currency"]
    return {
        "days": days_of(document["timeline"], translate, currency),
        "kinds": _kinds(wanted),
        "kind": query.get("kind"),
        "correcting": _corrected(document, query, translate, currency),
    }


def _shown_actions(wanted: Wanted, document: Mapping[str, Any], translate: Translator) -> dict[str, Any]:
    """The next step, what would change the chance, and what the tried change does."""
    result = document["result"]
    return {
        "step": _step(document["listed"], translate),
        "suggestions": [
            {**suggestion, "change": act_words(suggestion, translate)}
            for suggestion in document["suggestions"]
        ],
        "choices": None if wanted.bundle is None else choices_of(wanted.bundle, translate),
        "tried": {},
        "changed": None if result is None else _moved(wanted, result, translate),
    }


def bars_of(score: Mapping[str, Any], bundle: Bundle, translate: Translator) -> list[Bar]:
    """The waterfall of a score with reasons, each with its evidence in words."""
    formats = translate.formats
    stage = score["stage"]
    ends = Ends(
        start=translate("lead.stage_average", stage=stage) if stage else translate("lead.average"),
        start_note=translate("lead.base_with" if stage_labels(score) else "lead.base_note"),
        rest=translate("lead.rest"),
        rest_note=translate("lead.rest_note"),
        end=translate("lead.chance_now"),
        end_note=translate(
            "frame.interval",
            low=formats.percent(score["probability_low"]),
            high=formats.percent(score["probability_high"]),
        ),
    )
    words = ReasonWords.of(bundle, translate)
    labels = [words.sentence(reason) for reason in score["reasons"]]
    notes = [words.comparison(reason) for reason in score["reasons"]]
    return waterfall(score, steps_of(score, labels, notes), ends)


def notices_of(done: str | None, translate: Translator) -> list[str]:
    """What a form has done, in words; nothing for a word that is not one of ours."""
    return [translate(DONE[done])] if done in DONE else []


def _step(shown: Shown | None, translate: Translator) -> StepWords | None:
    """What to do next, as the worklist says it."""
    return None if shown is None else step_words(shown.step, translate, clock_us())


def _move(move: Mapping[str, Any], translate: Translator) -> dict[str, Any]:
    """A move of the score with its causes in the reader's language."""
    causes = [{**cause, "label": cause_words(cause, translate)} for cause in move["causes"]]
    return {**move, "causes": causes}


def _moved(wanted: Wanted, result: Mapping[str, Any], translate: Translator) -> list[dict[str, Any]]:
    """The largest moves of reasons, and what all others add."""
    if wanted.bundle is None:
        return []
    words = ReasonWords.of(wanted.bundle, translate)
    largest = [{**reason, "label": words.sentence(reason)} for reason in result["change"][:5]]
    rest = sum(reason["points"] for reason in result["change"][5:])
    return [*largest, {"label": None, "points": rest}] if result["change"][5:] else largest


def _kinds(wanted: Wanted) -> list[str]:
    """What the timeline can be filtered by: types of events, and the kinds that the model knows."""
    kinds = [] if wanted.bundle is None else list(wanted.bundle.vocabulary.interactions.kinds)
    return ["stage", "outcome", "attributes", *kinds]


def _corrected(
    document: Mapping[str, Any], query: Mapping[str, Any], translate: Translator, currency: str | None
) -> Any:
    """The entry that is to be corrected, if it is on this page of the timeline."""
    wanted = query.get("correct")
    entries = [entry for entry in document["timeline"] if wanted and entry["event_id"] == wanted]
    return said(entries[0], translate, currency) if entries else None


def _edit_query(query: Mapping[str, Any], event_id: str) -> str:
    return urlencode({**{key: value for key, value in query.items() if value}, "correct": event_id})


def _link(path: str, query: Mapping[str, Any]) -> str:
    """A path with the values that are not empty."""
    text = urlencode({key: value for key, value in query.items() if value})
    return f"{path}?{text}" if text else path


def safe_url(url: str | None) -> str | None:
    """A link to another system, None unless it is one of the web: `javascript:` must not become a link."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and url.isprintable() else None
