"""The routes that need no store: scores, the model, health, metrics, the API's description."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from models.bundle import Bundle
from serving.api import leads as stored_leads
from serving.api import openapi
from serving.api import reports as stored_outlook
from serving.api.score_schema import check_batch, check_lead
from serving.base import metrics
from serving.base.clock import clock_us
from serving.base.instant import read_instant
from serving.base.limits import MAX_BODY_BYTES, MAX_LEAD_BYTES
from serving.base.micro_batch import Together, in_turns
from serving.base.problems import Problem
from serving.http.bodies import json_body
from serving.http.guard import Guard
from serving.http.queries import ScoreQuery, score_query
from serving.http.responses import json_answer
from serving.http.router import PlainRoute, Routes
from serving.model.scoring import Lead, Record, flattened, score_leads
from serving.pages import funnel_and_forecast as outlook_pages
from serving.pages import lead_and_model as detail_pages
from serving.pages import worklist as pages
from serving.runtime import Runtime

LEADS_AT_ONCE = 32

_Asked = tuple[Bundle, Lead, ScoreQuery]
router = APIRouter(route_class=PlainRoute, default_response_class=Response)


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.post("/v1/score", openapi_extra=openapi.SCORE)
async def post_score(request: Request) -> Response:
    """The score of one lead, from the history in the request."""
    query = score_query(request.scope["query_string"])
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    lead = check_lead(value)
    bundle = runtime_of(request).watch.bundle()
    together: Together[_Asked, Record | Problem] = request.app.state.together
    answer = await together.ask((id(bundle), query), (bundle, lead, query))
    if isinstance(answer, Problem):
        raise answer
    metrics.count_score(answer)
    return json_answer(flattened(answer) if query.flat else answer)


@router.post("/v1/score/batch", openapi_extra=openapi.SCORE_BATCH)
async def post_score_batch(request: Request) -> Response:
    """The scores of up to 1,000 leads in order; a lead that cannot be scored gets its problem instead."""
    query = score_query(request.scope["query_string"])
    value, body = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    given = check_batch(value, body)
    bundle = runtime_of(request).watch.bundle()
    leads = await in_turns(given)
    results = await _score_in_turns(bundle, leads, query)
    return json_answer(
        {"results": [_result(value["leads"][i], i, r, query.flat) for i, r in enumerate(results)]}
    )


def _score(bundle: Bundle, leads: Sequence[Lead], query: ScoreQuery) -> list[Record | Problem]:
    now = clock_us()
    as_of_us = now if query.as_of is None else read_instant(query.as_of, bundle.config.zone)
    return score_leads(bundle, leads, as_of_us, now, query.reasons)


def _score_alike(asked: Sequence[_Asked]) -> list[Record | Problem]:
    """Scores what requests with the same model and query ask for."""
    bundle, _, query = asked[0]
    return _score(bundle, [lead for _, lead, _ in asked], query)


async def _score_in_turns(
    bundle: Bundle, leads: Sequence[Lead | Problem], query: ScoreQuery
) -> list[Record | Problem]:
    """Scores a few leads at a time, so that other requests are answered in between; all at one as_of."""
    now = clock_us()
    as_of_us = now if query.as_of is None else read_instant(query.as_of, bundle.config.zone)
    results: list[Record | Problem] = [lead if isinstance(lead, Problem) else {} for lead in leads]
    good = [(i, lead) for i, lead in enumerate(leads) if not isinstance(lead, Problem)]
    for start in range(0, len(good), LEADS_AT_ONCE):
        some = good[start : start + LEADS_AT_ONCE]
        scored = score_leads(bundle, [lead for _, lead in some], as_of_us, now, query.reasons)
        for (place, _), answer in zip(some, scored, strict=True):
            results[place] = answer
        await asyncio.sleep(0)
    return results


def _result(given: Any, index: int, result: Record | Problem, flat: bool) -> dict[str, Any]:
    if isinstance(result, Problem):
        lead_id = given.get("lead_id") if isinstance(given, dict) else None
        return {
            "lead_id": lead_id if isinstance(lead_id, str) else None,
            "error": _placed(result, index).body(),
        }
    metrics.count_score(result)
    return flattened(result) if flat else result


def _placed(problem: Problem, index: int) -> Problem:
    """The problem of one lead of a batch, its places told within the whole request."""
    for entry in problem.errors:
        if entry["loc"][:2] != ["body", "leads"]:
            entry["loc"] = ["body", "leads", index, *entry["loc"][1:]]
    return problem


@router.get("/v1/model", openapi_extra=openapi.MODEL)
async def get_model(request: Request) -> Response:
    """The model in use, and the one that was promoted but refused."""
    watch = runtime_of(request).watch
    described = watch.bundle().describe()
    return json_answer({**described, "refused": watch.refused.describe() if watch.refused else None})


@router.get("/livez", openapi_extra=openapi.LIVEZ)
async def get_livez(request: Request) -> Response:
    """Whether the process answers at all."""
    return json_answer({"status": "alive"})


@router.get("/readyz", openapi_extra=openapi.READYZ)
async def get_readyz(request: Request) -> Response:
    """Whether scores can be given and stored, by which model, and which one was refused."""
    runtime = runtime_of(request)
    watch = runtime.watch
    has_store = await runtime.store_answers()
    state = {
        "status": "no_model" if watch.current is None else "ready" if has_store else "no_store",
        "model_version": watch.current.version if watch.current else None,
        "refused": watch.refused.describe() if watch.refused else None,
        "store": "available" if has_store else "unavailable",
        "store_trouble": runtime.stored.trouble.described(),
    }
    return json_answer(state, 200 if state["status"] == "ready" else 503)


@router.get("/metrics", openapi_extra=openapi.METRICS)
async def get_metrics(request: Request) -> Response:
    """Counters of all workers in Prometheus' text format; gauges of the worker that answers."""
    text, kind = await asyncio.to_thread(metrics.exposition, runtime_of(request).states)
    return Response(text, media_type=kind)


@router.get("/openapi.json", openapi_extra=openapi.OPENAPI)
async def get_openapi(request: Request) -> Response:
    """This description."""
    return json_answer(request.app.openapi())


def build_app(
    runtime: Runtime, routers: Sequence[APIRouter] = (), schemas: Mapping[str, openapi.Json] | None = None
) -> FastAPI:
    """The FastAPI application with all routes, without the guard around it; `schemas` are those of `routers`."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            yield

    app = FastAPI(
        title="Leadcast",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.runtime = runtime
    app.state.together = Together(_score_alike)
    for part in (router, *routers, pages.router, detail_pages.router, outlook_pages.router):
        app.router.routes.extend(part.routes)
    document = openapi.describe(app, _version(), schemas)
    app.openapi = lambda: document  # type: ignore[method-assign]
    return app


def _version() -> str:
    """The version installed, or that of the code beside it in a bento."""
    try:
        return version("leadcast")
    except PackageNotFoundError:
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
        return str(project["project"]["version"])


def guarded(app: FastAPI, runtime: Runtime) -> Guard:
    """The application as the world sees it."""
    return Guard(Routes(app), runtime.settings)


ROUTERS = (stored_leads.router, stored_outlook.router)
SCHEMAS = {**stored_leads.SCHEMAS, **stored_outlook.SCHEMAS}
