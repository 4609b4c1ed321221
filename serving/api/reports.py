"""GET /v1/funnel and GET /v1/forecast: reports of all stored leads; `read_*` serve the pages, too."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from funnel.forecast.periods import KINDS, MOST
from funnel.state.attention.attention import MOST_ATTENTION, SHOWN_LEADS
from serving.api.openapi import (
    DATE,
    INSTANT,
    INTEGER,
    NUMBER,
    NUMBER_OR_NULL,
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
from serving.base.limits import MAX_TEXT
from serving.http.access import scopes_of
from serving.http.queries import Reader, one_of, read_filter, read_flag, read_query, read_text, whole_number
from serving.http.router import Json, Routes
from serving.store.reports.cache import Report
from serving.store.reports.queries import ForecastQuery, FunnelQuery

routes = Routes()

FUNNEL_READERS: dict[str, Reader] = {
    "as_of": read_text,
    "from": read_text,
    "to": read_text,
    "by": read_filter,
    "since": read_text,
    "attention": whole_number(0, MOST_ATTENTION),
}
FORECAST_READERS: dict[str, Reader] = {
    "as_of": read_text,
    "period": one_of(KINDS),
    "periods": whole_number(1, max(MOST.values())),
    "by": read_filter,
    "explain": read_flag,
    "since": read_text,
}

_FUNNEL_OPTIONS = {"from": "start", "to": "end"}  # query key -> field of FunnelQuery
_LIMITS = ", ".join(f"{most} {kind}s" for kind, most in MOST.items())
_COLUMN: Json = {"type": "string", "maxLength": MAX_TEXT}
_query_time = partial(query, schema=INSTANT)
AS_OF = _query_time("as_of", "Stand at this instant; default: the latest time in the store.")
FUNNEL: Json = {
    "operationId": "funnel",
    "tags": ["funnel"],
    "parameters": [
        AS_OF,
        _query_time("from", "The period's first instant; default: the first lead."),
        _query_time("to", "The period's end, exclusive; default: up to and with as_of."),
        query("by", "Also by this column of the leads: owner, source, any attribute.", _COLUMN),
        _query_time("since", "Show where the leads of this date are now; default: 30 days before as_of."),
        query(
            "attention",
            f"How many of the leads that need attention to list, most valuable first. Default: {SHOWN_LEADS}.",
            {"type": "integer", "minimum": 0, "maximum": MOST_ATTENTION},
        ),
    ],
    "responses": {
        "200": response("The state and flow of the funnel, as leadcast funnel --json.", ref("Funnel")),
        **problems(422),
    },
}
FORECAST: Json = {
    "operationId": "forecast",
    "tags": ["funnel"],
    "parameters": [
        AS_OF,
        query("period", "Calendar periods. Default: month.", {"type": "string", "enum": list(KINDS)}),
        query(
            "periods",
            f"Number of periods; default: three months of them; at most {_LIMITS}.",
            {"type": "integer", "minimum": 1, "maximum": max(MOST.values())},
        ),
        query("by", "One entry a period and value of stage, owner, source or any attribute.", _COLUMN),
        query(
            "explain", "Add the arithmetic: leads, stages, sources, and what changed.", {"type": "boolean"}
        ),
        _query_time("since", "With explain: what changed since then; default: a week before as_of."),
    ],
    "responses": {"200": response("Wins and revenue by period.", ref("Forecast")), **problems(422)},
}

_WINS = ("wins_expected", "wins_p10", "wins_p50", "wins_p90", "open_wins_expected", "new_wins_expected")
_MONEY = (
    *("revenue_expected", "revenue_p10", "revenue_p50", "revenue_p90", "already_revenue"),
    *("open_revenue_expected", "new_revenue_expected"),
)
_PERIOD = object_of(
    {
        "period_start": DATE,
        "period_end": {**DATE, "description": "Exclusive."},
        # Null if it is unknown when leads are won.
        **dict.fromkeys((*_WINS, *_MONEY), NUMBER_OR_NULL),
        "already_won": {"type": ["integer", "null"]},
        "interval_basis": {"type": ["string", "null"], "enum": ["measured", "model", None]},
        "currency": TEXT_OR_NULL,
    }
)
_PERIOD["properties"]["group"] = {**TEXT_OR_NULL, "description": "With by: its value."}
_WITHIN_HORIZON = object_of(
    {"days": INTEGER, "open_leads": INTEGER, "wins_expected": NUMBER, "revenue_expected": NUMBER_OR_NULL}
)
_ENTRIES = list_of({"type": "object"})
SCHEMAS: dict[str, Json] = {
    "Period": _PERIOD,
    "Forecast": object_of(
        {
            "as_of": TIME,
            "model_version": TEXT,
            "periods": list_of(ref("Period")),
            "actuals": _ENTRIES,
            "views": _ENTRIES,
            "sum": {"type": "object", "description": "Over all periods."},
            "target": nullable(
                {"type": "object", "description": "Of [targets], with the chance to reach it."}
            ),
            "past": {**_ENTRIES, "description": "Archived forecasts of past periods, and what came."},
            "within_horizon": {**_WITHIN_HORIZON, "description": "Of the open leads, whatever the periods."},
            "currency": TEXT_OR_NULL,
            "warnings": _ENTRIES,
        },
        more=True,
    ),
    "Funnel": object_of(
        {
            "funnel": TEXT,
            "currency": TEXT_OR_NULL,
            "as_of": TIME,
            "from": TIME,
            "to": TIME,
            "by": TEXT_OR_NULL,
            "stage_order": list_of(TEXT),
            "total": {"type": "object"},
            "groups": _ENTRIES,
            "leaks": {"type": "object"},
            "attention": {"type": "object"},
            "moves": {"type": "object"},
            "owners": _ENTRIES,
            "economics": {"type": ["object", "null"]},
            "warnings": _ENTRIES,
        },
        more=True,
    ),
}
SCHEMAS["Forecast"]["properties"]["total"] = {
    **list_of(ref("Period")),
    "description": "With by: all groups together, with intervals of their own; quantiles of groups do not add up.",
}
SCHEMAS["Forecast"]["properties"]["explain"] = {
    "type": "object",
    "description": "With explain: the arithmetic.",
}


@routes.get("/v1/funnel", FUNNEL)
async def get_funnel(request: Request) -> Response:
    """The state and flow of the funnel from the store, with the options of `leadcast funnel` as query.

    `owners` is filled with `compare_owners = true` under [display] and for keys with scope admin.
    """
    report = await read_funnel(request, request.scope["query_string"])
    return Response(report.body, media_type="application/json")


@routes.get("/v1/forecast", FORECAST)
async def get_forecast(request: Request) -> Response:
    """Wins and revenue of the coming calendar periods from the store, with the options of `leadcast forecast`."""
    report = await read_forecast(request, request.scope["query_string"])
    return Response(report.body, media_type="application/json")


async def read_funnel(request: Request, query_string: bytes) -> Report:
    """The funnel with the options of a query string; raises Problem 422 and what the store raises."""
    values = read_query(query_string, FUNNEL_READERS)
    options = {_FUNNEL_OPTIONS.get(key, key): value for key, value in values.items()}
    options["may_compare_owners"] = may_compare_owners(request)
    runtime = request.app.state.runtime
    report: Report = await runtime.stored.reports.get(FunnelQuery(**options), runtime.watch.current)
    return report


def may_compare_owners(request: Request) -> bool:
    """True for people with scope admin: comparing employees is regulated in many places."""
    scopes = scopes_of(request.scope)
    return scopes is None or "admin" in scopes


async def read_forecast(request: Request, query_string: bytes) -> Report:
    """The forecast with the options of a query string; also raises NoModel."""
    options = ForecastQuery(**read_query(query_string, FORECAST_READERS))
    runtime = request.app.state.runtime
    report: Report = await runtime.stored.reports.get(options, runtime.watch.bundle())
    return report
