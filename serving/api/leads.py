"""The routes of stored leads: PUT, GET and DELETE of a lead, its history, events, and the worklist.

`router` goes into the application's routers, `SCHEMAS` into its description; requests find the store at
`app.state.runtime.stored`, a serving.store.async_store.StoreService.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from history.snapshot import Snapshot
from history.times import format_time
from models.bundle import Bundle
from models.scorer import score
from serving.api import leads_openapi as openapi
from serving.api.events import events_of, read_lead, rejections, weight
from serving.base.clock import clock_us
from serving.base.limits import AHEAD_US, MAX_BODY_BYTES, MAX_LEAD_BYTES, MAX_TEXT
from serving.base.micro_batch import in_turns
from serving.base.problems import Problem, error, invalid
from serving.http.bodies import json_body
from serving.http.queries import Reader, one_of, read_filter, read_query, read_text, whole_number
from serving.http.responses import json_answer
from serving.http.router import PlainRoute
from serving.store.async_store import ACCEPTED, DUPLICATE, REJECTED, StoreService
from serving.store.events import Ingested, store_events
from serving.store.leads import CONFLICT, CREATED, current_attributes, erase_leads, put_leads
from serving.store.reading import LeadRows, find_leads, history_of, rows_of
from serving.store.timeline import Key, lead_document, timeline
from serving.store.worklist import (
    ORDERS,
    BadCursor,
    Wanted,
    read_cursor,
    read_worklist_cursor,
    score_history,
    worklist,
    write_cursor,
)

MAX_LIMIT = 1_000
HISTORY_PAGE = 100
REASONS = 5

router = APIRouter(route_class=PlainRoute, default_response_class=Response)
SCHEMAS = openapi.SCHEMAS


def _stored(request: Request) -> StoreService:
    stored: StoreService = request.app.state.runtime.stored
    return stored


@router.put("/v1/leads/{lead_id:path}", openapi_extra=openapi.PUT_LEAD)
async def put_lead(request: Request) -> Response:
    """Creates the lead or merges what is given into it."""
    lead_id, is_history = _lead_id(request)
    if is_history:
        raise _no_method("GET")
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    put = read_lead(lead_id, value)
    if put.created_us > clock_us() + AHEAD_US:
        raise invalid([error(["body", "created_at"], "the time is more than 5 minutes ahead")])
    result = await _stored(request).write(put_leads, put)
    if result == CONFLICT:
        found = [error(["body", "created_at"], "the stored lead was created at another time")]
        raise Problem(409, "created-at-differs", "created_at of a stored lead cannot change.", found)
    return json_answer({"lead_id": lead_id, "result": result}, 201 if result == CREATED else 200)


@router.post("/v1/events", openapi_extra=openapi.POST_EVENTS)
async def post_events(request: Request) -> Response:
    """Stores events; answers when they are durable."""
    value, _ = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    events = await in_turns(events_of(value))
    done: Ingested = await _stored(request).write(store_events, events, weight(events))
    ACCEPTED.inc(done.accepted)
    if done.duplicates or done.rejected:
        DUPLICATE.inc(done.duplicates)
        REJECTED.inc(len(done.rejected))
    rejected = rejections(done.rejected)
    return json_answer({"accepted": done.accepted, "duplicates": done.duplicates, "rejected": rejected})


@router.get("/v1/leads", openapi_extra=openapi.WORKLIST)
async def get_worklist(request: Request) -> Response:
    """Open leads, most worth first."""
    wanted = wanted_of(request.scope["query_string"])
    page = await _stored(request).read(partial(worklist, wanted=wanted))
    return json_answer({"leads": page.entries, "next_cursor": page.next_cursor})


def wanted_of(query_string: bytes) -> Wanted:
    """The worklist's query; Problem 422 with everything that is wrong with it."""
    values = read_query(query_string, _WORKLIST)
    cursor = values.pop("cursor", None)
    wanted = Wanted(**values)
    return replace(wanted, after=read_worklist_key(cursor, wanted.order))


def read_worklist_key(cursor: str | None, order: str) -> tuple[float, int] | None:
    """The key in a worklist's cursor, None without one; Problem 422 for a text that is none of this order."""
    if not cursor:
        return None
    try:
        return read_worklist_cursor(cursor, order)
    except BadCursor:
        raise _bad_cursor() from None


def _bad_cursor() -> Problem:
    return invalid([error(["query", "cursor"], "expected the next_cursor of an answer to the same query")])


_WORKLIST: dict[str, Reader] = {
    "order": one_of(ORDERS),
    "grade": read_filter,
    "stage": read_filter,
    "owner": read_filter,
    "q": read_filter,
    "limit": whole_number(1, MAX_LIMIT),
    "cursor": read_text,
}


@router.get("/v1/leads/{lead_id}/history", openapi_extra=openapi.HISTORY)
@router.get("/v1/leads/{lead_id:path}", openapi_extra=openapi.GET_LEAD)
async def get_lead(request: Request) -> Response:
    """A stored lead: what it is, its score now and its timeline; or how its score moved."""
    lead_id, is_history = _lead_id(request)
    stored = _stored(request)
    bundle: Bundle | None = request.app.state.runtime.watch.current
    cursor = read_query(request.scope["query_string"], {"cursor": read_text}).get("cursor")
    if is_history:
        read = partial(read_score_history, lead_id=lead_id, before=read_page_cursor(cursor, (int,)))
        document = await stored.read(read, light=True)
    else:
        asked = Asked(lead_id, bundle, read_page_cursor(cursor, (int, int)))
        document = await stored.read_each(id(bundle), read_stored_leads, asked)
    if document is None:
        raise unknown_lead()
    return json_answer(document)


def read_page_cursor(text: str | None, kind: tuple[type, ...]) -> Any:
    """The key in a cursor, None without one; Problem 422 for a text that is none."""
    if not text:
        return None
    try:
        return read_cursor(text, kind)
    except BadCursor:
        raise _bad_cursor() from None


@dataclass(frozen=True, eq=False)
class Asked:
    """A stored lead to be read: its id, the model to score it with (None for none), and where its timeline goes on."""

    lead_id: str
    bundle: Bundle | None
    before: Key | None


def read_stored_leads(connection: Connection, asked: Sequence[Asked]) -> list[dict[str, Any] | None]:
    """Each lead, its score now (null without a model) and a page of its timeline; None for an unknown lead.

    All are to be scored with the same model; each answer is the same whichever others are asked for.
    """
    found = find_leads(connection, list({one.lead_id for one in asked}))
    rows = rows_of(connection, list(found.values()))
    place = {lead_id: i for i, lead_id in enumerate(found)}
    at = [max(clock_us(), lead.created_us) for lead in found.values()]
    records = _records(rows, asked[0].bundle, at)
    return [
        None
        if (i := place.get(one.lead_id)) is None
        else _document(rows.only(i), at[i], records[i], one.before)
        for one in asked
    ]


def _records(rows: LeadRows, bundle: Bundle | None, at: Sequence[int]) -> Sequence[dict[str, Any] | None]:
    if bundle is None or not at:
        return [None] * len(at)
    as_of_us = np.array(at, dtype=np.int64)
    history = history_of(rows, bundle.config, max(at))
    return score(bundle, Snapshot(history, np.arange(len(at), dtype=np.int64), as_of_us), REASONS).records()


def _document(
    rows: LeadRows, now_us: int, record: dict[str, Any] | None, before: Key | None
) -> dict[str, Any]:
    (now,) = current_attributes(rows, now_us)
    entries, key = timeline(rows, before)
    return {
        "lead": lead_document(rows.leads[0], now),
        "score": record,
        "timeline": entries,
        "next_cursor": None if key is None else write_cursor(*key),
    }


def read_score_history(
    connection: Connection, lead_id: str, before: tuple[int] | None
) -> dict[str, Any] | None:
    """A page of the moves of a lead's score, newest first; None for an unknown lead."""
    lead = find_leads(connection, [lead_id]).get(lead_id)
    if lead is None:
        return None
    entries, last = score_history(connection, lead.lead_no, HISTORY_PAGE, before[0] if before else None)
    told = [
        {
            "as_of": format_time(entry["as_of_us"]),
            **{name: entry[name] for name in ("probability", "delta", "status", "model_version", "causes")},
        }
        for entry in entries
    ]
    return {"history": told, "next_cursor": None if last is None else write_cursor(last)}


@router.delete("/v1/leads/{lead_id:path}", status_code=204, openapi_extra=openapi.DELETE_LEAD)
async def delete_lead(request: Request) -> Response:
    """Erases the lead and everything derived from it, in the log of the database too."""
    lead_id, is_history = _lead_id(request)
    if is_history:
        raise _no_method("GET")
    stored = _stored(request)
    if not await stored.write(erase_leads, lead_id):
        raise unknown_lead()
    await stored.erase_traces()
    return Response(status_code=204)


def _lead_id(request: Request) -> tuple[str, bool]:
    return lead_id_of(request, b"/v1/leads/")


def lead_id_of(request: Request, before: bytes) -> tuple[str, bool]:
    """The id after `before` as it was encoded, so that it may hold slashes, and whether its history is asked for.

    Raises Problem 404 for what is no path of a lead, 422 for what cannot be an id.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.partition(b"?")[0].partition(before)[2].split(b"/")
    is_history = len(parts) == 2 and parts[1] == b"history"
    if len(parts) > 1 and not is_history:
        raise unknown_lead()
    try:
        lead_id = unquote_to_bytes(parts[0]).decode()
    except UnicodeDecodeError:
        raise invalid([error(["path", "lead_id"], "not UTF-8")]) from None
    if not 1 <= len(lead_id) <= MAX_TEXT or not lead_id.strip() or "\0" in lead_id:
        message = f"expected 1 to {MAX_TEXT} characters, not all blank, without NUL"
        raise invalid([error(["path", "lead_id"], message)])
    return lead_id, is_history


def unknown_lead() -> Problem:
    return Problem(404, "unknown-lead", "No lead is stored under this id.")


def _no_method(allowed: str) -> Problem:
    return Problem(405, "method-not-allowed", "This path takes other methods.", headers={"Allow": allowed})
