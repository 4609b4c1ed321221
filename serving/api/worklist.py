"""GET /v1/leads: the worklist."""

from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from history.config import GRADES
from serving.api.cursors import CURSOR_PARAMETER, invalid_cursor
from serving.api.openapi import TEXT_OR_NULL, TIME, list_of, object_of, problems, query, ref, response
from serving.api.scores import SCORE_FIELDS
from serving.base.limits import MAX_TEXT
from serving.http.queries import Reader, one_of, optional, read_filter, read_query, read_text, whole_number
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.store.async_store import AsyncStore
from serving.store.errors import InvalidCursor
from serving.store.scores.worklist import ORDERS, WorklistQuery, read_worklist_cursor, worklist

MAX_LIMIT = 1_000

routes = Routes()

_FILTER: Json = {"type": "string", "maxLength": MAX_TEXT}
WORKLIST: Json = {
    "operationId": "worklist",
    "tags": ["leads"],
    "parameters": [
        query("order", "Default: expected_revenue.", {"type": "string", "enum": list(ORDERS)}),
        query("grade", "Only leads of this grade.", {"type": "string", "enum": list(GRADES)}),
        query("stage", "Only leads in this stage.", _FILTER),
        query("owner", "Only leads of this owner.", _FILTER),
        query("q", "Only leads whose id or attributes contain this text, whatever its case.", _FILTER),
        query("limit", "Default: 50.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}),
        CURSOR_PARAMETER,
    ],
    "responses": {"200": response("A page of open leads.", ref("Worklist")), **problems(422)},
}
SCHEMAS: dict[str, Json] = {
    "WorklistEntry": {
        **object_of(
            {
                **SCORE_FIELDS,
                "created_at": TIME,
                "account_id": TEXT_OR_NULL,
                "owner": TEXT_OR_NULL,
                "source": TEXT_OR_NULL,
                "detail": TEXT_OR_NULL,
            }
        ),
        "description": "A stored score with up to three reasons, and the lead's own fields.",
    },
    "Worklist": object_of({"leads": list_of(ref("WorklistEntry")), "next_cursor": TEXT_OR_NULL}),
}
QUERY: dict[str, Reader] = {
    "order": one_of(ORDERS),
    "grade": optional(one_of(GRADES, ignore_case=True)),
    "stage": read_filter,
    "owner": read_filter,
    "q": read_filter,
    "limit": whole_number(1, MAX_LIMIT),
    "cursor": read_text,
}


@routes.get("/v1/leads", WORKLIST)
async def get_worklist(request: Request) -> Response:
    """Open leads, by default the highest expected revenue first."""
    wanted = wanted_of(request.scope["query_string"])
    store: AsyncStore = request.app.state.runtime.stored
    page = await store.read(partial(worklist, query=wanted))
    return json_response({"leads": page.entries, "next_cursor": page.next_cursor})


def wanted_of(query_string: bytes) -> WorklistQuery:
    """The worklist's query; raises Problem 422 with every problem."""
    values = read_query(query_string, QUERY)
    cursor = values.pop("cursor", None)
    wanted = WorklistQuery(**values)
    return replace(wanted, after=read_worklist_key(cursor, wanted.order))


def read_worklist_key(cursor: str | None, order: str) -> tuple[float, int] | None:
    """The key in a cursor of the worklist, None without one; raises Problem 422 for another order's cursor or text."""
    if not cursor:
        return None
    try:
        return read_worklist_cursor(cursor, order)
    except InvalidCursor:
        raise invalid_cursor() from None
