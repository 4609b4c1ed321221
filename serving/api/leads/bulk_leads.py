"""PUT /v1/leads: creates or merges up to 1,000 leads in one request."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from models.bundle import Bundle
from serving.api.leads.leads import created_at_differs, put_result, read_lead
from serving.api.openapi import TEXT_OR_NULL, body, list_of, object_of, problems, ref, response
from serving.api.records import LISTED_LEAD
from serving.api.rejections import entries_of
from serving.api.stored import store_of
from serving.base.clock import clock_us
from serving.base.cooperative import collect
from serving.base.limits import MAX_BODY_BYTES, MAX_LEADS
from serving.base.problems import Problem, invalid
from serving.http.bodies import json_body
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.store.leads.leads import CONFLICT, PutLead, put_many

routes = Routes()

EXAMPLE = {
    "lead_id": "L-1042",
    "created_at": "2026-01-05T08:00:00Z",
    "owner": "Ann",
    "attributes": {"industry": "software"},
}
PUT_LEADS: Json = {
    "operationId": "put_leads",
    "tags": ["leads"],
    "parameters": [],
    "requestBody": body(ref("StoredLeads"), {"leads": [EXAMPLE]}),
    "responses": {
        "200": response("One result per lead, in order.", ref("PutResults")),
        **problems(408, 413, 415, 422),
    },
}
_INVALID_LEAD: Json = {"description": "An invalid lead: its result is its problem."}
SCHEMAS: dict[str, Json] = {
    LISTED_LEAD.name: LISTED_LEAD.schema,
    "StoredLeads": object_of(
        {
            "leads": list_of(
                {"anyOf": [ref(LISTED_LEAD.name), _INVALID_LEAD]},
                description=f"At most {MAX_LEADS}; more are a 413.",
            )
        }
    ),
    "PutResults": object_of({"results": list_of({"anyOf": [ref("PutResult"), ref("PutError")]})}),
    "PutError": object_of({"lead_id": TEXT_OR_NULL, "error": ref("Problem")}),
}


@routes.put("/v1/leads", PUT_LEADS)
async def put_leads(request: Request) -> Response:
    """Creates each lead, or merges the given values into it; an invalid lead does not hold back the others."""
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    entries = entries_of(value, "leads", MAX_LEADS)
    now_us = clock_us()
    puts = await collect(_read(entry, index, now_us) for index, entry in enumerate(entries))
    valid = [put for put in puts if isinstance(put, PutLead)]
    store = store_of(request)
    stored = iter(await store.write(put_many, valid, _row_count(valid)))
    bundle: Bundle | None = request.app.state.runtime.watch.current
    results = [
        _refused(entry, put) if isinstance(put, Problem) else _result(put, next(stored), index, bundle)
        for index, (entry, put) in enumerate(zip(entries, puts, strict=True))
    ]
    return json_response({"results": results})


def _read(entry: Any, index: int, now_us: int) -> PutLead | Problem:
    """A lead of the request, or its problem with paths within the whole request."""
    try:
        if errors := LISTED_LEAD.problems(entry):
            raise invalid(errors)
        content = {name: value for name, value in entry.items() if name != "lead_id"}
        return read_lead(entry["lead_id"], content, now_us)
    except Problem as problem:
        return _located(problem, index)


def _located(problem: Problem, index: int) -> Problem:
    for entry in problem.errors:
        entry["loc"] = ["body", "leads", index, *entry["loc"][1:]]
    return problem


def _row_count(puts: list[PutLead]) -> int:
    """An upper bound of the rows that these leads add to the store."""
    return sum(1 + len(put.values) for put in puts) + 1


def _result(put: PutLead, result: str, index: int, bundle: Bundle | None) -> Mapping[str, Any]:
    if result == CONFLICT:
        return {"lead_id": put.lead_id, "error": _located(created_at_differs(), index).body()}
    return put_result(put, result, bundle)


def _refused(entry: Any, problem: Problem) -> Mapping[str, Any]:
    lead_id = entry.get("lead_id") if isinstance(entry, dict) else None
    return {"lead_id": lead_id if isinstance(lead_id, str) else None, "error": problem.body()}
