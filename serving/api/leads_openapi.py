"""How the routes of stored leads are described."""

from serving.api.events import DATA_SHAPES, EVENTS, STORED_LEAD
from serving.api.openapi import CURSOR, Json, answer, body, object_of, problems, query, ref, schema_of
from serving.base.limits import MAX_EVENTS
from serving.store.worklist import ORDERS

_TEXT: Json = {"type": "string"}
_TEXT_OR_NULL: Json = {"type": ["string", "null"]}
_TIME: Json = {"type": "string", "format": "date-time"}
_LEAD_ID: Json = {
    "name": "lead_id",
    "in": "path",
    "required": True,
    "description": "Your id of the lead, percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S"},
}
_CURSOR = query(
    "cursor", "The next_cursor of the page before, with the same query; any other text is a 422.", CURSOR
)
_FILTER: Json = {"type": "string", "maxLength": 200}
_SCALARS: Json = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}


def _operation(name: str, parameters: list[Json], responses: Json, request: Json | None = None) -> Json:
    operation: Json = {
        "operationId": name,
        "tags": ["leads"],
        "parameters": parameters,
        "responses": responses,
    }
    return {**operation, "requestBody": request} if request else operation


PUT_LEAD = _operation(
    "put_lead",
    [_LEAD_ID],
    {
        "200": answer("Merged.", ref("PutResult")),
        "201": answer("Created.", ref("PutResult")),
        **problems(405, 408, 409, 413, 415, 422),
    },
    body(
        ref(STORED_LEAD.name),
        {"created_at": "2026-01-05T08:00:00Z", "owner": "Ann", "attributes": {"industry": "software"}},
    ),
)
POST_EVENTS = _operation(
    "post_events",
    [],
    {"200": answer("Durable.", ref("EventsResult")), **problems(408, 413, 415, 422)},
    body(
        ref("Events"),
        {
            "events": [
                {
                    "event_id": "e-1",
                    "lead_id": "L-1042",
                    "type": "interaction",
                    "occurred_at": "2026-01-06T10:12:00+01:00",
                    "data": {"kind": "call", "channel": "phone", "direction": "outbound"},
                }
            ]
        },
    ),
)
WORKLIST = _operation(
    "worklist",
    [
        query("order", "Default: expected_revenue.", {"type": "string", "enum": list(ORDERS)}),
        query("grade", "Only leads of this grade.", _FILTER),
        query("stage", "Only leads in this stage.", _FILTER),
        query("owner", "Only leads of this owner.", _FILTER),
        query("q", "Only leads whose id or attributes contain this text, whatever its case.", _FILTER),
        query("limit", "Default: 50.", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _CURSOR,
    ],
    {"200": answer("A page of open leads.", ref("Worklist")), **problems(422)},
)
GET_LEAD = _operation(
    "get_lead",
    [_LEAD_ID, _CURSOR],
    {"200": answer("The lead.", ref("LeadDocument")), **problems(404, 422)},
)
HISTORY = _operation(
    "lead_history",
    [_LEAD_ID, _CURSOR],
    {"200": answer("How its score moved, newest first.", ref("ScoreHistory")), **problems(404, 422)},
)
DELETE_LEAD = _operation(
    "delete_lead",
    [_LEAD_ID],
    {"204": {"description": "Erased."}, **problems(404, 405, 422)},
)

_EVENT_NAMES = [shape.name for shape in EVENTS.values()]
SCHEMAS: dict[str, Json] = {
    **{shape.name: schema_of(shape) for shape in (STORED_LEAD, *EVENTS.values(), *DATA_SHAPES)},
    "Events": object_of(
        {
            "events": {
                "type": "array",
                "description": f"At most {MAX_EVENTS}; more are a 413.",
                "items": {
                    "anyOf": [
                        *(ref(name) for name in _EVENT_NAMES),
                        {"description": "Whatever is no event is told in rejected, the others are stored."},
                    ]
                },
            }
        }
    ),
    "EventsResult": object_of(
        {
            "accepted": {"type": "integer"},
            "duplicates": {"type": "integer"},
            "rejected": {"type": "array", "items": ref("RejectedEvent")},
        }
    ),
    "RejectedEvent": object_of(
        {"index": {"type": "integer"}, "errors": {"type": "array", "items": ref("EventError")}}
    ),
    "EventError": object_of(
        {
            "code": {
                "type": "string",
                "description": "invalid, unknown_lead, time_ahead or closed_before_created.",
            },
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "msg": _TEXT,
        }
    ),
    "PutResult": object_of({"lead_id": _TEXT, "result": {"enum": ["created", "updated", "unchanged"]}}),
    "WorklistEntry": {
        "allOf": [
            {"type": "object", "required": ["lead_id", "status", "probability", "grade", "model_version"]},
            {
                "type": "object",
                "properties": {
                    "created_at": _TIME,
                    "account_id": _TEXT_OR_NULL,
                    "owner": _TEXT_OR_NULL,
                    "source": _TEXT_OR_NULL,
                },
                "required": ["created_at", "account_id", "owner", "source"],
            },
        ],
        "description": "A stored score with up to three reasons, and whose lead it is.",
    },
    "Worklist": object_of(
        {"leads": {"type": "array", "items": ref("WorklistEntry")}, "next_cursor": _TEXT_OR_NULL}
    ),
    "StoredLeadNow": object_of(
        {
            "lead_id": _TEXT,
            "created_at": _TIME,
            "account_id": _TEXT_OR_NULL,
            "owner": _TEXT_OR_NULL,
            "source": _TEXT_OR_NULL,
            "attributes": _SCALARS,
        }
    ),
    "TimelineEntry": object_of(
        {
            "type": {"enum": list(EVENTS)},
            "occurred_at": _TIME,
            "recorded_at": {"type": ["string", "null"], "format": "date-time"},
            "data": {"type": "object"},
        }
    ),
    "LeadDocument": object_of(
        {
            "lead": ref("StoredLeadNow"),
            "score": {"anyOf": [ref("Score"), {"type": "null"}], "description": "Now; null without a model."},
            "timeline": {"type": "array", "items": ref("TimelineEntry")},
            "next_cursor": _TEXT_OR_NULL,
        }
    ),
    "Cause": object_of(
        {"kind": {"enum": ["event", "time", "model"]}, "label": _TEXT, "points": {"type": "number"}}
    ),
    "HistoryEntry": object_of(
        {
            "as_of": _TIME,
            "probability": {"type": "number"},
            "delta": {"type": "number", "description": "Against the entry before; 0 for the first."},
            "status": _TEXT,
            "model_version": _TEXT,
            "causes": {
                "type": "array",
                "items": ref("Cause"),
                "description": "Their points add up to 100 times delta; none for the first.",
            },
        }
    ),
    "ScoreHistory": object_of(
        {"history": {"type": "array", "items": ref("HistoryEntry")}, "next_cursor": _TEXT_OR_NULL}
    ),
}
