"""GET /v1/leads and /v1/leads/summary: the worklist, and what it is expected to bring."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from funnel.state.attention.next_step import CODES
from history.config.config import GRADES
from history.config.schema import DIRECTIONS
from serving.api.cursors import CURSOR_PARAMETER, invalid_cursor
from serving.api.openapi import (
    INTEGER,
    NUMBER,
    NUMBER_OR_NULL,
    RATE,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    list_of,
    nullable,
    object_of,
    problems,
    query,
    ref,
    response,
)
from serving.api.scores import SCORE_FIELDS
from serving.api.worklist_csv import csv_header, csv_lines
from serving.base.limits import MAX_TEXT
from serving.http.queries import (
    Many,
    Reader,
    one_of,
    optional,
    read_filter,
    read_flag,
    read_query,
    read_text,
    whole_number,
)
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.store.errors import InvalidCursor
from serving.store.scores.worklist.selection import ORDERS, WorklistQuery
from serving.store.scores.worklist.worklist import Page, read_worklist_cursor

MAX_LIMIT = 1_000
MAX_CAPACITY: Final = 1_000_000

routes = Routes()

_FILTER: Json = list_of({"type": "string", "maxLength": MAX_TEXT})


def _choices(names: Iterable[str]) -> Json:
    """Any of the names; an empty field, as forms send it, is none."""
    return list_of({"type": "string", "enum": [*names, ""]})


_REPEATABLE = "Repeatable; whatever its case."
_SELECTION = [
    query("order", "Highest first. Default: expected_revenue.", {"type": "string", "enum": list(ORDERS)}),
    query("reverse", "true: lowest first.", {"type": "boolean"}),
    query("grade", f"Only leads of this grade. {_REPEATABLE}", _choices(GRADES)),
    query("stage", f"Only leads in this stage. {_REPEATABLE}", _FILTER),
    query("owner", f"Only leads of this owner. {_REPEATABLE}", _FILTER),
    query("source", f"Only leads from this source. {_REPEATABLE}", _FILTER),
    query(
        "attention",
        f"Only leads that need attention for this reason. {_REPEATABLE}",
        _choices(CODES),
    ),
    query(
        "q",
        "Only leads with this text, whatever its case, in id, name, detail, e-mail address, phone number or another "
        "attribute that identifies them.",
        {"type": "string", "maxLength": MAX_TEXT},
    ),
    query("snoozed", "true: the snoozed leads, which are left out otherwise.", {"type": "boolean"}),
]
WORKLIST: Json = {
    "operationId": "worklist",
    "tags": ["leads"],
    "parameters": [
        *_SELECTION,
        query("limit", "Default: 50.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT}),
        CURSOR_PARAMETER,
        query("format", "csv: all pages as one CSV file.", {"type": "string", "enum": ["json", "csv"]}),
    ],
    "responses": {"200": response("A page of open leads.", ref("Worklist")), **problems(422)},
}
WORKLIST["responses"]["200"]["content"]["text/csv"] = {"schema": TEXT}
SUMMARY: Json = {
    "operationId": "worklist_summary",
    "tags": ["leads"],
    "parameters": [
        *_SELECTION,
        query(
            "capacity",
            "Also what this many leads bring: the first in the order, and as many at random.",
            {"type": "integer", "minimum": 1, "maximum": MAX_CAPACITY},
        ),
    ],
    "responses": {"200": response("The selection in sums.", ref("WorklistSummary")), **problems(422)},
}
_EXPECTED: dict[str, Json] = {
    "leads": INTEGER,
    "expected_wins": NUMBER,
    "expected_revenue": {**NUMBER_OR_NULL, "description": "Null if no amount is known."},
}
_BY_VALUE: Json = {"type": "object", "additionalProperties": object_of(_EXPECTED)}
_TOUCH = object_of(
    {
        "kind": TEXT,
        "channel": TEXT_OR_NULL,
        "direction": nullable({"type": "string", "enum": list(DIRECTIONS)}),
    }
)
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
                "days_in_stage": {**INTEGER, "description": "Whole days."},
                "last_touch_at": nullable(TIME),
                "last_touch": nullable(_TOUCH),
                "change_7d": {
                    **NUMBER_OR_NULL,
                    "description": "The probability minus that of 7 days ago; null if it had none then.",
                },
                "trend": {
                    **list_of(nullable(RATE)),
                    "description": "The probability 7, 6, ... 1 days ago as known then, and now.",
                },
                "attention": {
                    "anyOf": [{"type": "string", "enum": list(CODES)}, {"type": "null"}],
                    "description": "Set for the most valuable leads of each owner for which a rule holds.",
                },
                "next_action": {**TEXT_OR_NULL, "description": "What to do next."},
                "next_fact": {**TEXT_OR_NULL, "description": "Why."},
            }
        ),
        "description": "A stored score with up to three reasons, the lead's own fields, and what to do next.",
    },
    "Worklist": object_of(
        {"leads": list_of(ref("WorklistEntry")), "next_cursor": TEXT_OR_NULL, "total": INTEGER}
    ),
    "WorklistSummary": object_of(
        {
            **_EXPECTED,
            "snoozed": {**INTEGER, "description": "Leads that would match were they not snoozed."},
            "by": {
                **object_of(dict.fromkeys(("grade", "stage", "owner", "source", "attention"), _BY_VALUE)),
                "description": "Leads without a value count under an empty text.",
            },
        },
        more=True,
    ),
}
SCHEMAS["WorklistSummary"]["properties"]["capacity"] = {
    **object_of(
        {
            "n": INTEGER,
            "expected_wins": NUMBER,
            "expected_revenue": NUMBER_OR_NULL,
            "random_wins": NUMBER,
            "random_revenue": NUMBER_OR_NULL,
            "n_half_wins": {
                **INTEGER,
                "description": "The first leads that bring half of the expected wins.",
            },
        }
    ),
    "description": "With capacity.",
}
SELECTION: dict[str, Reader] = {
    "order": one_of(ORDERS),
    "reverse": read_flag,
    "grade": Many(optional(one_of(GRADES, ignore_case=True))),
    "stage": Many(read_filter),
    "owner": Many(read_filter),
    "source": Many(read_filter),
    "attention": Many(optional(one_of(CODES, ignore_case=True))),
    "q": read_filter,
    "snoozed": read_flag,
}
PAGE: dict[str, Reader] = {"limit": whole_number(1, MAX_LIMIT), "cursor": read_text}
CAPACITY: dict[str, Reader] = {"capacity": whole_number(1, MAX_CAPACITY)}
_QUERY = {**SELECTION, **PAGE, "format": one_of(("json", "csv"))}


@routes.get("/v1/leads", WORKLIST)
async def get_worklist(request: Request) -> Response:
    """Open leads, by default the highest expected revenue first."""
    values = read_query(request.scope["query_string"], _QUERY)
    as_csv = values.pop("format", "json") == "csv"
    wanted = worklist_query(values)
    runtime = request.app.state.runtime
    if as_csv:
        return await csv_response(runtime, wanted)
    page = await read_page(runtime, wanted)
    return json_response({"leads": page.entries, "next_cursor": page.next_cursor, "total": page.total})


@routes.get("/v1/leads/summary", SUMMARY)
async def get_summary(request: Request) -> Response:
    """What the selected leads are expected to bring: in all, by value, and with capacity from the best of them."""
    values = read_query(request.scope["query_string"], {**SELECTION, **CAPACITY})
    capacity = values.pop("capacity", None)
    return json_response(await read_summary(request.app.state.runtime, worklist_query(values), capacity))


async def read_page(runtime: Any, wanted: WorklistQuery) -> Page:
    """A page of the worklist. Raises StoreUnavailable."""
    read = partial(runtime.stored.worklist.page, query=wanted, config=_config(runtime))
    page: Page = await runtime.stored.read(read)
    return page


async def read_summary(runtime: Any, wanted: WorklistQuery, capacity: int | None) -> dict[str, Any]:
    """The summary of the worklist. Raises StoreUnavailable."""
    summary = runtime.stored.worklist.summary
    read = partial(summary, query=wanted, capacity=capacity, config=_config(runtime))
    record: dict[str, Any] = await runtime.stored.read(read)
    return record


def _config(runtime: Any) -> Any:
    bundle = runtime.watch.current
    return None if bundle is None else bundle.config


def worklist_query(values: dict[str, Any]) -> WorklistQuery:
    """The worklist's query from its values as read; raises Problem 422 for a cursor of another order or text."""
    cursor = values.pop("cursor", None)
    wanted = WorklistQuery(**values)
    if not cursor:
        return wanted
    try:
        return replace(wanted, after=read_worklist_cursor(cursor, wanted.cursor_order))
    except InvalidCursor:
        raise invalid_cursor() from None


async def csv_response(runtime: Any, wanted: WorklistQuery) -> Response:
    """All pages as CSV. The first is read before the answer begins, so that an outage is a problem document."""
    wanted = replace(wanted, limit=MAX_LIMIT)
    first = await read_page(runtime, wanted)

    async def lines() -> AsyncIterator[str]:
        yield csv_header()
        page = first
        yield csv_lines(page.entries)
        while page.next_cursor is not None:
            after = read_worklist_cursor(page.next_cursor, wanted.cursor_order)
            page = await read_page(runtime, replace(wanted, after=after))
            yield csv_lines(page.entries)

    headers = {"content-disposition": 'attachment; filename="leads.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)
