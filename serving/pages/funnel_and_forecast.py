"""Pages of all leads: the funnel's state and the forecast, as plain HTML and SVG that needs no script, and
pictures that a script of ours draws where scripts may run.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from funnel.forecast.periods import KINDS
from serving.api.reports import ask_forecast, ask_funnel
from serving.http.queries import query_texts
from serving.http.router import Routes
from serving.pages.worklist import render
from serving.store.reports.cache import Report

Record = dict[str, Any]
Pictures = list[dict[str, str]]

routes = Routes()


def _filled(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields of the form that are filled in, and the query that they make; empty ones mean the default."""
    texts = query_texts(request.scope["query_string"])
    pairs = [(key, value) for key, values in texts.items() for value in values if value.strip()]
    return dict(pairs), urlencode(pairs).encode()


@routes.get("/funnel")
async def get_funnel_page(request: Request) -> Response:
    """The funnel: stages, conversion, time, leaks, and the leads that need somebody."""
    given, asked = _filled(request)
    made = await ask_funnel(request, asked)
    state = made.record
    return render(
        "funnel.html",
        request,
        state=state,
        most=max((s["conversion"]["onward"]["leads"] for s in state["total"]["stages"]), default=0),
        given=given,
        pictures=await _pictures(made, _of_funnel),
    )


@routes.get("/forecast")
async def get_forecast_page(request: Request) -> Response:
    """The forecast: wins and revenue by period with their intervals."""
    given, asked = _filled(request)
    kept = await ask_forecast(request, asked)
    made = kept.record
    return render(
        "forecast.html",
        request,
        made=made,
        most={kind: _most(made["periods"], f"{kind}_p90") for kind in ("wins", "revenue")},
        has_amounts=any(p["revenue_expected"] is not None for p in made["periods"]),
        grouped=any("group" in p for p in made["periods"]),
        given=given,
        kinds=KINDS,
        pictures=await _pictures(kept, _of_forecast),
    )


async def _pictures(made: Report, draw: Callable[[Record], Pictures]) -> Pictures:
    """The pictures of an answer, drawn once, beside the event loop."""
    if "pictures" not in made.page_cache:
        made.page_cache["pictures"] = await asyncio.to_thread(draw, made.record)
    found: Pictures = made.page_cache["pictures"]
    return found


def _of_funnel(state: Record) -> Pictures:
    from funnel.state.figures import figures, pictures

    return pictures(figures(state))


def _of_forecast(made: Record) -> Pictures:
    from funnel.forecast.figures import figures
    from funnel.state.figures import pictures

    return pictures(figures(made))


def _most(periods: list[dict[str, Any]], key: str) -> float:
    """The largest value, to draw all others by; 1 where there is none."""
    return max((p[key] for p in periods if p[key] is not None), default=0.0) or 1.0
