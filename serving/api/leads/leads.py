"""PUT, GET and DELETE of a stored lead, and the history of its score."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from history.base.warnings import json_of
from history.config.schema import NOT_ATTRIBUTES, OWN_ATTRIBUTES
from models.bundle import Bundle
from serving.api.cursors import CURSOR_PARAMETER, read_page_cursor
from serving.api.leads.lead_documents import LeadRequest, read_score_history
from serving.api.leads.lead_path import HISTORY as HISTORY_PART
from serving.api.leads.lead_path import PARTS, lead_path, unknown_lead
from serving.api.leads.recent_documents import RecentDocuments
from serving.api.openapi import (
    NUMBER,
    NUMBER_OR_NULL,
    SCALAR,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    body,
    list_of,
    nullable,
    object_of,
    problems,
    query,
    ref,
    response,
)
from serving.api.records import EVENTS, STORED_LEAD
from serving.api.stored import store_of
from serving.base.clock import clock_us
from serving.base.instant import InvalidRowTime, read_row_time
from serving.base.limits import AHEAD_US, MAX_LEAD_BYTES, MAX_TEXT
from serving.base.problems import Problem, error, invalid
from serving.http.bodies import json_body
from serving.http.queries import Reader, read_filter, read_query, read_text
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.store.leads.leads import CONFLICT, CREATED, PutLead, erase_leads, put_leads

API_PREFIX = b"/v1/leads/"

routes = Routes()

LEAD_ID: Json = {
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
    "parameters": [LEAD_ID],
    "requestBody": body(ref(STORED_LEAD.name), _PUT_EXAMPLE),
    "responses": {
        "200": response("Merged.", ref("PutResult")),
        "201": response("Created.", ref("PutResult")),
        **problems(405, 408, 409, 413, 415, 422),
    },
}
GET_LEAD: Json = {
    "operationId": "get_lead",
    "tags": ["leads"],
    "parameters": [
        LEAD_ID,
        query("kind", "Only entries of this type of event or kind of interaction, whatever its case.", TEXT),
        CURSOR_PARAMETER,
    ],
    "responses": {"200": response("The lead.", ref("LeadDocument")), **problems(404, 422)},
}
HISTORY: Json = {
    "operationId": "lead_history",
    "tags": ["leads"],
    "parameters": [LEAD_ID, CURSOR_PARAMETER],
    "responses": {
        "200": response("How its score moved, newest first.", ref("ScoreHistory")),
        **problems(404, 422),
    },
}
DELETE_LEAD: Json = {
    "operationId": "delete_lead",
    "tags": ["leads"],
    "parameters": [LEAD_ID],
    "responses": {"204": {"description": "Erased."}, **problems(404, 405, 422)},
}
SCHEMAS: dict[str, Json] = {
    STORED_LEAD.name: STORED_LEAD.schema,
    "PutResult": object_of(
        {
            "lead_id": TEXT,
            "result": {"type": "string", "enum": ["created", "updated", "unchanged"]},
            "warnings": list_of(
                ref("Warning"), description="Attributes whose name is near one that the model knows."
            ),
        }
    ),
    "StoredLeadNow": object_of(
        {
            "lead_id": TEXT,
            "created_at": TIME,
            "account_id": TEXT_OR_NULL,
            "owner": TEXT_OR_NULL,
            "source": TEXT_OR_NULL,
            "attributes": {"type": "object", "additionalProperties": SCALAR},
            "name": {
                **TEXT_OR_NULL,
                "description": "For people, as [display] of funnel.toml sets or guesses it.",
            },
            "detail": TEXT_OR_NULL,
            "email": TEXT_OR_NULL,
            "phone": TEXT_OR_NULL,
            "url": {**TEXT_OR_NULL, "description": "The lead in your CRM."},
        }
    ),
    "TimelineEntry": object_of(
        {
            "event_id": {
                **TEXT,
                "description": "For corrections: your id of the event; one of ours for rows that came without.",
            },
            "type": {"type": "string", "enum": list(EVENTS)},
            "occurred_at": TIME,
            "recorded_at": nullable(TIME),
            "data": {"type": "object"},
        }
    ),
    "LeadDocument": object_of(
        {
            "lead": ref("StoredLeadNow"),
            "score": {
                **nullable(ref("Score")),
                "description": "Now, or up to a second ago; null without a model.",
            },
            "timeline": list_of(ref("TimelineEntry")),
            "next_cursor": TEXT_OR_NULL,
            "suggestions": list_of(
                ref("Suggestion"), description="What you could do, by what-if: no promise of a cause."
            ),
            "similar": list_of(
                ref("SimilarLead"), description="Past leads in the same stage, nearest first."
            ),
        }
    ),
    "Suggestion": object_of(
        {"change": TEXT, "points": {**NUMBER, "description": "Percentage points, above 0."}}
    ),
    "SimilarLead": object_of(
        {
            "stage": TEXT_OR_NULL,
            "outcome": {"type": "string", "enum": ["won", "lost"]},
            "amount": NUMBER_OR_NULL,
            "days": {**NUMBER, "description": "From when it stood like this lead to its decision."},
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


@routes.put("/v1/leads/{lead_id:text}", PUT_LEAD)
async def put_lead(request: Request) -> Response:
    """Creates the lead, or merges the given values into it."""
    path = lead_path(request, API_PREFIX)
    if path.part:
        raise _method_not_allowed()
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    put = read_lead(path.lead_id, value, clock_us())
    result = await store_of(request).write(put_leads, put)
    if result == CONFLICT:
        raise created_at_differs()
    answer = put_result(put, result, request.app.state.runtime.watch.current)
    return json_response(answer, 201 if result == CREATED else 200)


def put_result(put: PutLead, result: str, bundle: Bundle | None) -> Json:
    """The answer to a stored lead; the warnings name attributes that may be a slip of the pen."""
    names = [name for name in put.values if name not in OWN_ATTRIBUTES]
    warnings = [] if bundle is None else json_of(bundle.values.misnamed_values(names, put.values))
    return {"lead_id": put.lead_id, "result": result, "warnings": warnings}


def created_at_differs() -> Problem:
    errors = [error(["body", "created_at"], "the stored lead was created at another time")]
    return Problem(409, "created-at-differs", "created_at of a stored lead cannot change.", errors)


def read_lead(lead_id: str, value: Any, now_us: int) -> PutLead:
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
    if created_us > now_us + AHEAD_US:
        raise invalid([error(["body", "created_at"], "the time is more than 5 minutes ahead")])
    own = {name: value[name] for name in OWN_ATTRIBUTES if name in value}
    return PutLead(lead_id, created_us, {**own, **attributes})


async def get_lead(request: Request) -> Response:
    """A stored lead: its values, its score now, and its timeline, newest first. A slash may follow the id."""
    return await _get(request)


async def get_history(request: Request) -> Response:
    """How the score of a stored lead moved, newest first, and the causes of each move."""
    return await _get(request)


routes.get("/v1/leads/{lead_id}/history", HISTORY)(get_history)
routes.get("/v1/leads/{lead_id:text}", GET_LEAD)(get_lead)


async def _get(request: Request) -> Response:
    """Answers by the encoded path: the decoded path of an id that ends in "/history" matches the other route."""
    path = lead_path(request, API_PREFIX, (*PARTS, ""))
    store = store_of(request)
    if path.part not in ("", HISTORY_PART):
        raise unknown_lead()
    readers: dict[str, Reader] = {"cursor": read_text}
    if not path.part:
        readers["kind"] = read_filter
    values = read_query(request.scope["query_string"], readers)
    cursor = values.get("cursor")
    if path.part == HISTORY_PART:
        read = partial(read_score_history, lead_id=path.lead_id, before=read_page_cursor(cursor, (int,)))
        document = await store.read(read, light=True)
    else:
        bundle: Bundle | None = request.app.state.runtime.watch.current
        before = read_page_cursor(cursor, (int, int))
        lead_request = LeadRequest(path.lead_id, bundle, before, values.get("kind"))
        recent: RecentDocuments = request.app.state.recent_documents
        document = await store.read_each(id(bundle), recent, lead_request)
    if document is None:
        raise unknown_lead()
    return json_response(document)


@routes.delete("/v1/leads/{lead_id:text}", DELETE_LEAD)
async def delete_lead(request: Request) -> Response:
    """Erases the lead and everything derived from it, in the database's log too."""
    path = lead_path(request, API_PREFIX)
    if path.part:
        raise _method_not_allowed()
    read_query(request.scope["query_string"], {})
    store = store_of(request)
    if not await store.write(erase_leads, path.lead_id):
        raise unknown_lead()
    await store.erase_traces()
    return Response(status_code=204)


def _method_not_allowed() -> Problem:
    headers = {"Allow": "GET, HEAD"}
    return Problem(405, "method-not-allowed", "This path takes other methods.", headers=headers)
