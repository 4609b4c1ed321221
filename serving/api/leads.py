"""PUT, GET and DELETE of a stored lead, and the history of its score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from history.schema import NOT_ATTRIBUTES, OWN_ATTRIBUTES
from history.snapshot import Snapshot
from history.times import format_time
from models.bundle import Bundle
from models.scorer import score
from serving.api.cursors import CURSOR_PARAMETER, read_page_cursor
from serving.api.openapi import (
    NUMBER,
    SCALAR,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    answer,
    body,
    list_of,
    nullable,
    object_of,
    problems,
    ref,
)
from serving.api.records import EVENTS, STORED_LEAD
from serving.base.clock import clock_us
from serving.base.instant import InvalidRowTime, read_row_time
from serving.base.limits import AHEAD_US, MAX_LEAD_BYTES, MAX_TEXT
from serving.base.problems import Problem, error, invalid
from serving.http.bodies import json_body
from serving.http.queries import read_query, read_text
from serving.http.responses import json_answer
from serving.http.router import Json, Routes
from serving.store.async_store import AsyncStore
from serving.store.cursors import write_cursor
from serving.store.history import history_of
from serving.store.lead_rows import LeadRows, find_leads, rows_of
from serving.store.leads import CONFLICT, CREATED, PutLead, current_attributes, erase_leads, put_leads
from serving.store.scores.history import score_history
from serving.store.timeline import Key, lead_document, timeline

HISTORY_PAGE = 100
REASONS = 5

routes = Routes()

_LEAD_ID: Json = {
    "name": "lead_id",
    "in": "path",
    "required": True,
    "description": "Your id of the lead, percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"\S"},
}
_PUT_EXAMPLE = {"created_at": "2026-01-05T08:00:00Z", "owner": "Ann", "attributes": {"industry": "software"}}
PUT_LEAD: Json = {
    "operationId": "put_lead",
    "tags": ["leads"],
    "parameters": [_LEAD_ID],
    "requestBody": body(ref(STORED_LEAD.name), _PUT_EXAMPLE),
    "responses": {
        "200": answer("Merged.", ref("PutResult")),
        "201": answer("Created.", ref("PutResult")),
        **problems(405, 408, 409, 413, 415, 422),
    },
}
GET_LEAD: Json = {
    "operationId": "get_lead",
    "tags": ["leads"],
    "parameters": [_LEAD_ID, CURSOR_PARAMETER],
    "responses": {"200": answer("The lead.", ref("LeadDocument")), **problems(404, 422)},
}
HISTORY: Json = {
    "operationId": "lead_history",
    "tags": ["leads"],
    "parameters": [_LEAD_ID, CURSOR_PARAMETER],
    "responses": {
        "200": answer("How its score moved, newest first.", ref("ScoreHistory")),
        **problems(404, 422),
    },
}
DELETE_LEAD: Json = {
    "operationId": "delete_lead",
    "tags": ["leads"],
    "parameters": [_LEAD_ID],
    "responses": {"204": {"description": "Erased."}, **problems(404, 405, 422)},
}
SCHEMAS: dict[str, Json] = {
    STORED_LEAD.name: STORED_LEAD.schema,
    "PutResult": object_of(
        {"lead_id": TEXT, "result": {"type": "string", "enum": ["created", "updated", "unchanged"]}}
    ),
    "StoredLeadNow": object_of(
        {
            "lead_id": TEXT,
            "created_at": TIME,
            "account_id": TEXT_OR_NULL,
            "owner": TEXT_OR_NULL,
            "source": TEXT_OR_NULL,
            "attributes": {"type": "object", "additionalProperties": SCALAR},
        }
    ),
    "TimelineEntry": object_of(
        {
            "type": {"type": "string", "enum": list(EVENTS)},
            "occurred_at": TIME,
            "recorded_at": nullable(TIME),
            "data": {"type": "object"},
        }
    ),
    "LeadDocument": object_of(
        {
            "lead": ref("StoredLeadNow"),
            "score": {**nullable(ref("Score")), "description": "Now; null without a model."},
            "timeline": list_of(ref("TimelineEntry")),
            "next_cursor": TEXT_OR_NULL,
        }
    ),
    "Cause": object_of(
        {"kind": {"type": "string", "enum": ["event", "time", "model"]}, "label": TEXT, "points": NUMBER}
    ),
    "HistoryEntry": object_of(
        {
            "as_of": TIME,
            "probability": NUMBER,
            "delta": {**NUMBER, "description": "Against the entry before; 0 for the first."},
            "status": TEXT,
            "model_version": TEXT,
            "causes": list_of(
                ref("Cause"), description="Their points add up to 100 times delta; empty for the first."
            ),
        }
    ),
    "ScoreHistory": object_of({"history": list_of(ref("HistoryEntry")), "next_cursor": TEXT_OR_NULL}),
}


def _store(request: Request) -> AsyncStore:
    store: AsyncStore = request.app.state.runtime.stored
    return store


@routes.put("/v1/leads/{lead_id:text}", PUT_LEAD)
async def put_lead(request: Request) -> Response:
    """Creates the lead, or merges the given values into it."""
    path = api_path(request)
    if path.is_history:
        raise _method_not_allowed()
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    put = read_lead(path.lead_id, value)
    if put.created_us > clock_us() + AHEAD_US:
        raise invalid([error(["body", "created_at"], "the time is more than 5 minutes ahead")])
    result = await _store(request).write(put_leads, put)
    if result == CONFLICT:
        errors = [error(["body", "created_at"], "the stored lead was created at another time")]
        raise Problem(409, "created-at-differs", "created_at of a stored lead cannot change.", errors)
    return json_answer({"lead_id": path.lead_id, "result": result}, 201 if result == CREATED else 200)


def read_lead(lead_id: str, value: Any) -> PutLead:
    """The body of PUT /v1/leads/{lead_id}; raises Problem 422 with every problem."""
    errors = STORED_LEAD.problems(value)
    attributes: Mapping[str, Any] = {}
    if type(value) is dict and type(value.get("attributes")) is dict:
        attributes = value["attributes"]
    for name in attributes:
        if name in NOT_ATTRIBUTES or name in OWN_ATTRIBUTES:
            errors.append(error(["body", "attributes", name], "is a key beside attributes, not in it"))
    if errors:
        raise invalid(errors)
    try:
        created_us = read_row_time(value["created_at"])
    except InvalidRowTime as invalid_time:
        raise invalid([error(["body", "created_at"], str(invalid_time))]) from None
    own = {name: value[name] for name in OWN_ATTRIBUTES if name in value}
    return PutLead(lead_id, created_us, {**own, **attributes})


async def get_lead(request: Request) -> Response:
    """A stored lead: its values, its score now, and its timeline, newest first."""
    return await _get(request)


async def get_history(request: Request) -> Response:
    """How the score of a stored lead moved, newest first, and the causes of each move."""
    return await _get(request)


routes.get("/v1/leads/{lead_id}/history", HISTORY)(get_history)
routes.get("/v1/leads/{lead_id:text}", GET_LEAD)(get_lead)


async def _get(request: Request) -> Response:
    """Answers by the encoded path: the decoded path of an id that ends in "/history" matches the other route."""
    path = api_path(request)
    store = _store(request)
    cursor = read_query(request.scope["query_string"], {"cursor": read_text}).get("cursor")
    if path.is_history:
        read = partial(read_score_history, lead_id=path.lead_id, before=read_page_cursor(cursor, (int,)))
        document = await store.read(read, light=True)
    else:
        bundle: Bundle | None = request.app.state.runtime.watch.current
        lead_request = LeadRequest(path.lead_id, bundle, read_page_cursor(cursor, (int, int)))
        document = await store.read_each(id(bundle), read_stored_leads, lead_request)
    if document is None:
        raise unknown_lead()
    return json_answer(document)


@dataclass(frozen=True, eq=False)
class LeadRequest:
    """A stored lead to read: the model to score it with (None: no score), and the start of its timeline's page."""

    lead_id: str
    bundle: Bundle | None
    before: Key | None


def read_stored_leads(connection: Connection, requests: Sequence[LeadRequest]) -> list[dict[str, Any] | None]:
    """Each lead with its score now (null without a model) and a page of its timeline; None for an unknown lead.

    All requests have the same model; a document does not depend on the other requests.
    """
    leads = find_leads(connection, list({request.lead_id for request in requests}))
    rows = rows_of(connection, list(leads.values()))
    places = {lead_id: place for place, lead_id in enumerate(leads)}
    as_of_us = [max(clock_us(), lead.created_us) for lead in leads.values()]
    records = _records(rows, requests[0].bundle, as_of_us)
    documents: list[dict[str, Any] | None] = []
    for request in requests:
        place = places.get(request.lead_id)
        if place is None:
            documents.append(None)
        else:
            documents.append(_document(rows.only(place), as_of_us[place], records[place], request.before))
    return documents


def _records(
    rows: LeadRows, bundle: Bundle | None, as_of_us: Sequence[int]
) -> Sequence[dict[str, Any] | None]:
    if bundle is None or not as_of_us:
        return [None] * len(as_of_us)
    history = history_of(rows, bundle.config, max(as_of_us))
    leads = np.arange(len(as_of_us), dtype=np.int64)
    return score(bundle, Snapshot(history, leads, np.array(as_of_us, dtype=np.int64)), REASONS).records()


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
    rows, last = score_history(connection, lead.lead_no, HISTORY_PAGE, before[0] if before else None)
    return {
        "history": [_history_entry(row) for row in rows],
        "next_cursor": None if last is None else write_cursor(last),
    }


def _history_entry(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("probability", "delta", "status", "model_version", "causes")
    return {"as_of": format_time(row["as_of_us"]), **{name: row[name] for name in names}}


@routes.delete("/v1/leads/{lead_id:text}", DELETE_LEAD)
async def delete_lead(request: Request) -> Response:
    """Erases the lead and everything derived from it, in the database's log too."""
    path = api_path(request)
    if path.is_history:
        raise _method_not_allowed()
    read_query(request.scope["query_string"], {})
    store = _store(request)
    if not await store.write(erase_leads, path.lead_id):
        raise unknown_lead()
    await store.erase_traces()
    return Response(status_code=204)


@dataclass(frozen=True)
class LeadPath:
    """The path of a stored lead, or of its history."""

    lead_id: str
    is_history: bool


def api_path(request: Request) -> LeadPath:
    return lead_path(request, b"/v1/leads/")


def lead_path(request: Request, prefix: bytes) -> LeadPath:
    """The id after `prefix`, decoded once its slashes are split, so that an id may contain encoded slashes.

    Raises Problem 404 for a path of more parts, 422 for an invalid id.
    """
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    parts = raw.partition(b"?")[0].partition(prefix)[2].split(b"/")
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
    return LeadPath(lead_id, is_history)


def unknown_lead() -> Problem:
    return Problem(404, "unknown-lead", "No lead is stored under this id.")


def _method_not_allowed() -> Problem:
    headers = {"Allow": "GET, HEAD"}
    return Problem(405, "method-not-allowed", "This path takes other methods.", headers=headers)
