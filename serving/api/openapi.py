"""What /openapi.json says: the operations in full, from the same shapes that read the requests."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from history.values import LARGEST_NUMBER
from serving.api.score_schema import SHAPES
from serving.base.limits import MAX_KEY, MAX_LEADS, MAX_TEXT
from serving.base.problems import MAX_ERRORS, MEDIA_TYPE
from serving.http.shapes import Field, Shape

Json = dict[str, Any]

ABOUT = (
    "Turns the interaction history of a lead into a calibrated probability of conversion, an expected revenue and the "
    "reasons for both. Errors are RFC 9457 problems; every answer carries X-Request-ID."
)
_PROBLEMS = {
    401: "An API key is needed.",
    403: "The key lacks the scope, or the caller is not on this machine.",
    404: "There is nothing of this name.",
    405: "This path takes other methods.",
    408: "The body took too long to arrive.",
    409: "It contradicts what is stored.",
    413: "The body, or a lead in it, is too large.",
    415: "Only application/json is read.",
    422: "The request breaks a rule; errors says which.",
    429: "More requests a second than the key may make.",
    503: "Not now: no model, no store, or too many requests at once.",
}
_WAITING = (429, 503)


def schema_of(shape: Shape) -> Json:
    """The JSON Schema of a record."""
    needed = [key for key, field in shape.fields.items() if field.required]
    properties = {key: {**_field(field), "description": field.about} for key, field in shape.fields.items()}
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": needed} if needed else schema


def _field(field: Field) -> Json:
    schema = _plain(field)
    if not field.nullable or field.kind in ("scalar", "any"):
        return schema
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    nullable = {**schema, "type": [schema["type"], "null"]}
    return {**nullable, "enum": [*schema["enum"], None]} if "enum" in schema else nullable


def _plain(field: Field) -> Json:
    if field.of is not None:
        reference = ref(field.of.name)
        if field.kind == "record":
            return reference
        return {"type": "array", "items": reference}  # more than its limit is 413, not a matter of form
    if field.kind == "scalars":
        return {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": MAX_TEXT},
            "additionalProperties": _SCALAR,
        }
    if field.kind == "choice":
        return {"type": "string", "enum": list(field.choices)}
    return dict(_KINDS[field.kind])


_SCALAR: Json = {"type": ["string", "number", "boolean", "null"]}
_KINDS: dict[str, Json] = {
    "id": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"\S"},
    "name": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
    "key": {"type": "string", "maxLength": MAX_KEY},
    "text": {"type": "string"},
    "time": {
        "type": "string",
        "format": "date-time",
        "pattern": r"^(199\d|2\d{3})-",  # and not more than 5 minutes ahead
        "minLength": 20,
        "maxLength": 40,
    },
    "number": {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER},
    "scalar": _SCALAR,
    "any": {},
}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def answer(about: str, schema: Json, media: str = "application/json") -> Json:
    """One response of an operation."""
    return {
        "description": about,
        "headers": {"X-Request-ID": ref_header("RequestId")},
        "content": {media: {"schema": schema}},
    }


def ref_header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def problems(*statuses: int) -> Json:
    """The error responses of an operation; 401, 403, 429 and 503 come with every one."""
    found = {}
    for status in sorted({*statuses, 401, 403, 429, 503}):
        found[str(status)] = answer(_PROBLEMS[status], ref("Problem"), MEDIA_TYPE)
        if status in _WAITING:
            found[str(status)]["headers"]["Retry-After"] = ref_header("RetryAfter")
        if status == 401:
            found["401"]["headers"]["WWW-Authenticate"] = ref_header("Challenge")
    return found


def query(name: str, about: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema}


def body(schema: Json, example: Any = None) -> Json:
    content: Json = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"required": True, "content": {"application/json": content}}


INSTANT: Json = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
    "pattern": r"^(199\d|20\d\d|21\d\d)-",
    "minLength": 10,
    "example": "2026-01-31T09:30:00Z",
}
CURSOR: Json = {"type": "string", "pattern": r"^[A-Za-z0-9_-]*$"}
AS_OF = query(
    "as_of",
    "Stand at this instant: an RFC 3339 time, or a date, which means its start in the funnel's zone. Default: now.",
    INSTANT,
)
REASONS = query(
    "reasons",
    "How many reasons a score comes with: 0 for none, all for all. Default: 5.",
    {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9999}, {"const": "all"}]},
)
FLAT = query("flat", "true for one level: reason_1_label, reason_1_points and so on.", {"type": "boolean"})

EXAMPLE = {
    "lead_id": "L-1042",
    "created_at": "2026-01-05T08:00:00Z",
    "owner": "Ann",
    "attributes": {"industry": "software", "employees": 120},
    "interactions": [
        {
            "kind": "email_open",
            "occurred_at": "2026-01-06T10:12:00+01:00",
            "channel": "email",
            "direction": "inbound",
        }
    ],
    "stages": [{"stage": "new", "entered_at": "2026-01-05T08:00:00Z"}],
}

_SCORED = {"anyOf": [ref("Score"), ref("FlatScore")]}
SCORE: Json = {
    "operationId": "score",
    "tags": ["scores"],
    "parameters": [AS_OF, REASONS, FLAT],
    "requestBody": body(ref("Lead"), EXAMPLE),
    "responses": {"200": answer("The score.", _SCORED), **problems(408, 413, 415, 422)},
}
SCORE_BATCH: Json = {
    "operationId": "score_batch",
    "tags": ["scores"],
    "parameters": [AS_OF, REASONS, FLAT],
    "requestBody": body(ref("Batch"), {"leads": [EXAMPLE]}),
    "responses": {
        "200": answer("One result a lead, in order.", ref("BatchResults")),
        **problems(408, 413, 415, 422),
    },
}
MODEL: Json = {
    "operationId": "model",
    "tags": ["model"],
    "responses": {"200": answer("The model in use.", ref("Model")), **problems()},
}
_STATE = ref("State")
LIVEZ: Json = {
    "operationId": "livez",
    "tags": ["operation"],
    "security": [],
    "responses": {"200": answer("The process answers.", _STATE)},
}
READYZ: Json = {
    "operationId": "readyz",
    "tags": ["operation"],
    "security": [],
    "responses": {
        "200": answer("Scores can be given.", _STATE),
        "503": answer("Scores can't be given.", _STATE),
    },
}
METRICS: Json = {
    "operationId": "metrics",
    "tags": ["operation"],
    "responses": {"200": answer("Prometheus text.", {"type": "string"}, "text/plain"), **problems()},
}
OPENAPI: Json = {
    "operationId": "openapi",
    "tags": ["operation"],
    "responses": {"200": answer("The OpenAPI document.", {"type": "object"}), **problems()},
}

_NUMBER_OR_NULL: Json = {"type": ["number", "null"]}
_TEXT_OR_NULL: Json = {"type": ["string", "null"]}
_RATE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_SCORE_FIELDS: Json = {
    "lead_id": {"type": "string"},
    "status": {"type": "string", "enum": ["scored", "insufficient_data", "won", "lost"]},
    "stage": _TEXT_OR_NULL,
    "as_of": {"type": "string", "format": "date-time"},
    "probability": _RATE,
    "probability_low": _RATE,
    "probability_high": _RATE,
    "horizon_days": {"type": "integer"},
    "score": {"type": "number", "minimum": 0, "maximum": 100},
    "grade": {"type": "string"},
    "expected_amount": _NUMBER_OR_NULL,
    "expected_amount_low": _NUMBER_OR_NULL,
    "expected_amount_high": _NUMBER_OR_NULL,
    "expected_revenue": _NUMBER_OR_NULL,
    "currency": _TEXT_OR_NULL,
    "expected_close_date": _TEXT_OR_NULL,
    "baseline_probability": _RATE,
    "model_version": {"type": "string"},
}


def object_of(
    properties: Mapping[str, Json], *, needed: Sequence[str] | None = None, more: Any = False
) -> Json:
    """An object of these members, `needed` of them always there (None: all), and others where `more` says so."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if needed is None else needed),
        "additionalProperties": more,
    }


_LEAD_OR_NOT: Json = {
    "anyOf": [ref("Lead"), {"description": "Whatever is no lead gets its problem as its result."}]
}
_SCHEMAS: dict[str, Json] = {
    "Batch": object_of(
        {"leads": {"type": "array", "description": f"At most {MAX_LEADS}.", "items": _LEAD_OR_NOT}}
    ),
    "Problem": object_of(
        {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "maxItems": MAX_ERRORS, "items": ref("ProblemEntry")},
            "request_id": {"type": "string", "description": "Absent in the results of a batch."},
        },
        needed=("type", "title", "status", "detail", "errors"),
    ),
    "ProblemEntry": object_of(
        {"loc": {"type": "array", "items": {"type": ["string", "integer"]}}, "msg": {"type": "string"}}
    ),
    "Reason": object_of(
        {
            "feature": {"type": "string"},
            "label": {"type": "string", "description": "A sentence for a salesperson."},
            "value": {"type": ["string", "number", "boolean", "null"]},
            "direction": {"type": "string", "enum": ["up", "down"]},
            "points": {"type": "number", "description": "Percentage points of probability."},
        }
    ),
    "Warning": object_of({key: {"type": "string"} for key in ("code", "subject", "detail")}),
    "Score": object_of(
        {
            **_SCORE_FIELDS,
            "reasons": {"type": "array", "items": ref("Reason")},
            "warnings": {"type": "array", "items": ref("Warning")},
        }
    ),
    "FlatScore": object_of({**_SCORE_FIELDS, "warnings": {"type": "integer"}}, more=True),
    "BatchResults": object_of(
        {
            "results": {
                "type": "array",
                "items": {"anyOf": [ref("Score"), ref("FlatScore"), ref("BatchError")]},
            }
        }
    ),
    "BatchError": object_of({"lead_id": _TEXT_OR_NULL, "error": ref("Problem")}),
    "Refused": object_of(
        {"model_version": {"type": "string"}, "reason": {"type": "string"}, "since": {"type": "string"}}
    ),
    "Model": object_of(
        {
            "model_version": {"type": "string"},
            "base_probability": _RATE,
            "horizon_days": {"type": "integer"},
            "trained_through": {"type": "string", "format": "date-time"},
            "metrics": {"type": "object"},
            "features": {"type": "array"},
            "calibration": {},
            "refused": {"anyOf": [ref("Refused"), {"type": "null"}]},
        },
        more=True,
    ),
    "State": object_of({"status": {"type": "string"}}, more=True),
}
_HEADERS: dict[str, Json] = {
    "RequestId": {
        "description": "The caller's own where it sent one, else a new one.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Challenge": {"description": "How to present a key.", "schema": {"type": "string"}},
}
COMPONENTS: dict[str, dict[str, Json]] = {
    "schemas": {**{shape.name: schema_of(shape) for shape in SHAPES}, **_SCHEMAS},
    "headers": _HEADERS,
    "securitySchemes": {
        "key": {"type": "http", "scheme": "bearer", "description": "Where LEADCAST_API_KEYS is set."}
    },
}


def describe(app: FastAPI, version: str, extra: Mapping[str, Json] | None = None) -> Json:
    """The OpenAPI 3.1 document of an application; `extra` are schemas of routes from elsewhere."""
    document = get_openapi(title="Leadcast", version=version, description=ABOUT, routes=app.routes)
    schemas = {**COMPONENTS["schemas"], **(extra or {})}
    document["components"] = {**COMPONENTS, "schemas": schemas}
    document["security"] = [{"key": []}, {}]
    return document
