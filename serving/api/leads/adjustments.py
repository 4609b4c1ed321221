"""Manual adjustments of forecasts: kept beside the model's figures, with who made them and when."""

from datetime import date
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from funnel.forecast.periods import KINDS, period_start
from serving.api.leads.lead_path import unknown_lead
from serving.api.openapi import (
    DATE,
    INTEGER,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    body,
    list_of,
    object_of,
    problems,
    query,
    ref,
    response,
)
from serving.api.stored import store_of
from serving.base.limits import MAX_LEAD_BYTES
from serving.base.problems import error, invalid
from serving.http.bodies import json_body
from serving.http.queries import one_of, read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.http.shapes import ID, NAME, NUMBER, Field, Kind, Shape
from serving.http.shapes import TEXT as TEXT_KIND
from serving.store.adjustments import (
    MOST_KEPT,
    TOO_MANY,
    UNKNOWN_LEAD,
    NewAdjustment,
    Record,
    add_adjustments,
    read_adjustments,
)
from serving.store.async_store import AsyncStore

LONGEST_NOTE = 1_000  # characters
routes = Routes()

ADJUSTMENT = Shape(
    "NewAdjustment",
    {
        "period": Field(
            Kind(Literal["week", "month", "quarter"], "week, month or quarter"),
            "The kind of period.",
            required=True,
        ),
        "period_start": Field(NAME, "The period's first day, such as 2026-11-01.", required=True),
        "lead_id": Field(ID, "Of this lead alone; without it, of the whole period."),
        "revenue": Field(NUMBER, "What you expect in place of the model's figure; null for no opinion."),
        "wins": Field(NUMBER, "As revenue. Without both the adjustment is withdrawn."),
        "note": Field(TEXT_KIND, f"Why: at most {LONGEST_NOTE} characters."),
        "author": Field(NAME, "Who says so."),
    },
)
_GET: Json = {
    "operationId": "adjustments",
    "tags": ["funnel"],
    "parameters": [query("period", "Of this kind of period alone.", {"type": "string", "enum": list(KINDS)})],
    "responses": {"200": response("Newest first.", ref("Adjustments")), **problems(422)},
}
_POST: Json = {
    "operationId": "post_adjustment",
    "tags": ["funnel"],
    "requestBody": body(
        ref("NewAdjustment"),
        {
            "period": "month",
            "period_start": "2026-11-01",
            "revenue": 55000,
            "note": "Two deals slip.",
            "author": "Ann",
        },
    ),
    "responses": {"200": response("Kept.", ref("Adjustment")), **problems(404, 405, 408, 413, 415, 422)},
}
SCHEMAS: dict[str, Json] = {
    ADJUSTMENT.name: ADJUSTMENT.schema,
    "Adjustment": object_of(
        {
            "adjustment_id": INTEGER,
            "period": TEXT,
            "period_start": DATE,
            "lead_id": TEXT_OR_NULL,
            "name": TEXT_OR_NULL,
            "revenue": NUMBER_OR_NULL,
            "wins": NUMBER_OR_NULL,
            "note": TEXT_OR_NULL,
            "author": TEXT_OR_NULL,
            "made_at": TIME,
            "is_current": {"type": "boolean", "description": "No later one is of the same period and lead."},
        }
    ),
    "Adjustments": object_of({"adjustments": list_of(ref("Adjustment"))}),
}


@routes.get("/v1/forecast/adjustments", _GET)
async def get_adjustments(request: Request) -> Response:
    """The manual adjustments, newest first."""
    options = read_query(request.scope["query_string"], {"period": one_of(KINDS)})
    return json_response({"adjustments": await adjustments_of(store_of(request), options.get("period"))})


@routes.post("/v1/forecast/adjustments", _POST)
async def post_adjustment(request: Request) -> Response:
    """Keeps what a manager expects of a period, or of a lead in it; the model's figures stay as they are."""
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    return json_response(await keep_adjustment(store_of(request), read_adjustment(value)))


async def adjustments_of(store: AsyncStore, period: str | None) -> list[Record]:
    """The stored adjustments, newest first."""
    records: list[Record] = await store.read(
        lambda connection: read_adjustments(connection, period), light=True
    )
    return records


def read_adjustment(value: Any) -> NewAdjustment:
    """An adjustment of a request; raises Problem 422 with every problem."""
    errors = ADJUSTMENT.problems(value)
    if not errors:
        errors = _problems(value)
    if errors:
        raise invalid(errors)
    texts = {name: value.get(name) or None for name in ("lead_id", "author")}
    note = (value.get("note") or "").strip() or None
    return NewAdjustment(
        value["period"],
        value["period_start"],
        **texts,
        revenue=value.get("revenue"),
        wins=value.get("wins"),
        note=note,
    )


def _problems(value: dict[str, Any]) -> list[dict[str, Any]]:
    errors = [
        error(["body", name], "expected 0 or more")
        for name in ("revenue", "wins")
        if value.get(name) is not None and value[name] < 0
    ]
    errors += [
        error(["body", name], "contains NUL")
        for name in ("note", "author")
        if "\0" in (value.get(name) or "")
    ]
    if len(value.get("note") or "") > LONGEST_NOTE:
        errors.append(error(["body", "note"], f"longer than {LONGEST_NOTE} characters"))
    try:
        day = date.fromisoformat(value["period_start"])
    except ValueError:
        return [*errors, error(["body", "period_start"], "expected a date such as 2026-11-01")]
    first = period_start(day, value["period"])
    if first != day or value["period_start"] != day.isoformat():
        message = f"expected the first day of a {value['period']}, such as {first.isoformat()}"
        errors.append(error(["body", "period_start"], message))
    return errors


async def keep_adjustment(store: AsyncStore, adjustment: NewAdjustment) -> Record:
    """The record of the adjustment once it is durable; raises Problem 404 or 422."""
    kept: int | str = await store.write(add_adjustments, adjustment)
    if kept == UNKNOWN_LEAD:
        raise unknown_lead()
    if kept == TOO_MANY:
        raise invalid([error(["body"], f"{MOST_KEPT:,} adjustments are kept, which is the most")])
    records = await adjustments_of(store, None)
    return next(record for record in records if record["adjustment_id"] == kept)
