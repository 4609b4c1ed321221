"""Building blocks of /openapi.json: parameters, responses, shared schemas, and the document itself.

Schemas of requests are derived from the records that check them; the operation of a route stands beside its endpoint.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serving.base.problems import MAX_ERRORS, MEDIA_TYPE
from serving.http.router import DescribedRoute, Json
from serving.http.shapes import SCALAR_SCHEMA

ABOUT = (
    "Turns the interaction history of a lead into a calibrated probability of conversion, an expected revenue and the "
    "reasons for both. Errors are RFC 9457 problems; every answer carries X-Request-ID."
)
_PROBLEMS = {
    401: "An API key is required.",
    403: "The key lacks the scope, or the caller is not on this machine.",
    404: "Not found.",
    405: "Method not allowed.",
    408: "The body took too long to arrive.",
    409: "Conflicts with the stored lead.",
    413: "The body, or a lead in it, is too large.",
    415: "Unsupported media type: send application/json.",
    422: "The request breaks a rule; errors lists every problem.",
    429: "Rate limit of the key exceeded.",
    503: "Temporarily unavailable: no model, no store, or too many concurrent requests.",
}
_ON_EVERY_OPERATION = (401, 403, 429, 503)
_WITH_RETRY_AFTER = (429, 503)

TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
INTEGER: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
NUMBER_OR_NULL: Json = {"type": ["number", "null"]}
RATE: Json = {"type": "number", "minimum": 0, "maximum": 1}
TIME: Json = {"type": "string", "format": "date-time"}
DATE: Json = {"type": "string", "format": "date"}
SCALAR = SCALAR_SCHEMA
INSTANT: Json = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
    "pattern": r"^(199\d|20\d\d|21\d\d)-",
    "minLength": 10,
    "example": "2026-01-31T09:30:00Z",
}
CURSOR: Json = {"type": "string", "pattern": r"^[A-Za-z0-9_-]*$"}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


def object_of(
    properties: Mapping[str, Json], *, required: Sequence[str] | None = None, more: bool = False
) -> Json:
    """An object of these members, all required unless `required` names some; `more` allows others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": more,
    }


def nullable(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def query(name: str, about: str, schema: Json) -> Json:
    """An optional query parameter."""
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def body(schema: Json, example: Any = None) -> Json:
    """The required JSON body of an operation."""
    content: Json = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {"application/json": content}}


def response(about: str, schema: Json, media: str = "application/json") -> Json:
    """One response of an operation."""
    return {
        "description": about,
        "headers": {"X-Request-ID": _ref_header("RequestId")},
        "content": {media: {"schema": schema}},
    }


def problems(*statuses: int) -> Json:
    """The error responses of an operation: these statuses, and 401, 403, 429 and 503, which all operations have."""
    responses = {}
    for status in sorted({*statuses, *_ON_EVERY_OPERATION}):
        problem = response(_PROBLEMS[status], ref("Problem"), MEDIA_TYPE)
        if status in _WITH_RETRY_AFTER:
            problem["headers"]["Retry-After"] = _ref_header("RetryAfter")
        if status == 401:
            problem["headers"]["WWW-Authenticate"] = _ref_header("Challenge")
        responses[str(status)] = problem
    return responses


def _ref_header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


_SCHEMAS: dict[str, Json] = {
    "Problem": object_of(
        {
            "type": TEXT,
            "title": TEXT,
            "status": INTEGER,
            "detail": TEXT,
            "errors": list_of(ref("ProblemEntry"), maxItems=MAX_ERRORS),
            "request_id": {**TEXT, "description": "Absent in the results of a batch."},
        },
        required=("type", "title", "status", "detail", "errors"),
    ),
    "ProblemEntry": object_of({"loc": list_of({"type": ["string", "integer"]}), "msg": TEXT}),
}
_HEADERS: dict[str, Json] = {
    "RequestId": {"description": "The caller's X-Request-ID, or a new id.", "schema": TEXT},
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Challenge": {"description": "How to present a key.", "schema": TEXT},
}
_SECURITY: dict[str, Json] = {
    "key": {"type": "http", "scheme": "bearer", "description": "Required if LEADCAST_API_KEYS is set."}
}


def describe(routes: Iterable[DescribedRoute], schemas: Iterable[Mapping[str, Json]], version: str) -> Json:
    """The OpenAPI 3.1 document of these routes; `schemas` are the components that their operations refer to."""
    paths: dict[str, Json] = {}
    for route in routes:
        if route.operation is not None:
            paths.setdefault(route.path_format, {})[route.method.lower()] = _operation(route, route.operation)
    components = dict(_SCHEMAS)
    for part in schemas:
        components |= part
    return {
        "openapi": "3.1.0",
        "info": {"title": "Leadcast", "description": ABOUT, "version": version},
        "paths": paths,
        "components": {"schemas": components, "headers": _HEADERS, "securitySchemes": _SECURITY},
        "security": [{"key": []}, {}],
    }


def _operation(route: DescribedRoute, operation: Json) -> Json:
    """The operation with the endpoint's docstring as its description."""
    summary = operation["operationId"].replace("_", " ").capitalize()
    return {"summary": summary, "description": inspect.getdoc(route.endpoint) or "", **operation}
