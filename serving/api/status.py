"""The model in use, health, metrics and the description of the API."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from serving.api.model_record import model_record
from serving.api.openapi import (
    INTEGER,
    RATE,
    TEXT,
    TIME,
    list_of,
    nullable,
    object_of,
    problems,
    ref,
    response,
)
from serving.base import metrics
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes

routes = Routes()

MODEL: Json = {
    "operationId": "model",
    "tags": ["model"],
    "responses": {"200": response("The model in use.", ref("Model")), **problems()},
}
LIVEZ: Json = {
    "operationId": "livez",
    "tags": ["operation"],
    "security": [],
    "responses": {"200": response("The process is alive.", ref("State"))},
}
READYZ: Json = {
    "operationId": "readyz",
    "tags": ["operation"],
    "security": [],
    "responses": {"200": response("Ready.", ref("State")), "503": response("Not ready.", ref("State"))},
}
METRICS: Json = {
    "operationId": "metrics",
    "tags": ["operation"],
    "responses": {"200": response("Prometheus text.", TEXT, "text/plain"), **problems()},
}
OPENAPI: Json = {
    "operationId": "openapi",
    "tags": ["operation"],
    "responses": {"200": response("The OpenAPI document.", {"type": "object"}), **problems()},
}
SCHEMAS: dict[str, Json] = {
    "Refused": object_of({"model_version": TEXT, "reason": TEXT, "since": TEXT}),
    "Model": object_of(
        {
            "model_version": TEXT,
            "base_probability": RATE,
            "horizon_days": INTEGER,
            "trained_through": TIME,
            "metrics": {"type": "object"},
            "features": list_of({}),
            "calibration": {},
            "baselines": {"type": "object"},
            "importance": list_of({}),
            "segments": {"type": "object"},
            "versions": list_of(ref("ModelVersion")),
            "refused": nullable(ref("Refused")),
        },
        more=True,
    ),
    "ModelVersion": object_of(
        {
            "model_version": TEXT,
            "in_use": {"type": "boolean"},
            "rollback": {"type": "boolean"},
            "trained_through": nullable(TIME),
            "metrics": {"type": "object"},
        },
        more=True,
    ),
    "State": object_of({"status": TEXT}, more=True),
}


@routes.get("/v1/model", MODEL)
async def get_model(request: Request) -> Response:
    """The model in use, and the promoted one if it was refused."""
    read_query(request.scope["query_string"], {})
    runtime = request.app.state.runtime
    return json_response(await asyncio.to_thread(model_record, runtime.watch, runtime.settings.home))


@routes.get("/livez", LIVEZ)
async def get_livez(request: Request) -> Response:
    """Liveness: the process answers."""
    return json_response({"status": "alive"})


@routes.get("/readyz", READYZ)
async def get_readyz(request: Request) -> Response:
    """Readiness: a model is in use and the store can be read; names the model and a refused one."""
    runtime = request.app.state.runtime
    watch = runtime.watch
    has_store = await runtime.store_answers()
    if watch.current is None:
        status = "no_model"
    else:
        status = "ready" if has_store else "no_store"
    state = {
        "status": status,
        "model_version": watch.current.version if watch.current else None,
        "refused": watch.refused.describe() if watch.refused else None,
        "store": "available" if has_store else "unavailable",
        "store_trouble": runtime.stored.outages.description(),
    }
    return json_response(state, 200 if status == "ready" else 503)


@routes.get("/metrics", METRICS)
async def get_metrics(request: Request) -> Response:
    """Counters of all workers in Prometheus' text format; gauges of the worker that answers."""
    exposition = await asyncio.to_thread(metrics.exposition, request.app.state.runtime.states)
    return Response(exposition.text, media_type=exposition.media_type)


@routes.get("/openapi.json", OPENAPI)
async def get_openapi(request: Request) -> Response:
    """This description, OpenAPI 3.1."""
    return json_response(request.app.state.openapi)
