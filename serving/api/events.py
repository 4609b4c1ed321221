"""POST /v1/events: strictly read events, stored once per event_id."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from history.config.schema import NOT_ATTRIBUTES
from history.history import DIRECTIONS, NO_DIRECTION, STATES, state_of_word
from history.text.outcome_words import NO_WORDS, OutcomeWords
from history.text.values import value_text
from serving.api.event_warnings import event_warnings
from serving.api.openapi import INTEGER, TEXT, body, list_of, object_of, problems, ref, response
from serving.api.records import EVENT_SHAPES, EVENTS, without_known_word, words_of
from serving.api.rejections import entries_of, rejections
from serving.api.stored import store_of
from serving.base.cooperative import collect
from serving.base.event import Event, EventProblem, event_key
from serving.base.instant import InvalidRowTime, read_row_time
from serving.base.limits import MAX_ATTRIBUTES, MAX_BODY_BYTES, MAX_EVENTS
from serving.http.bodies import json_body
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.http.shapes import Errors, Loc
from serving.store.async_store import ACCEPTED, DUPLICATE, REJECTED
from serving.store.events import IngestResult, store_events
from serving.store.leads.leads import stored_scalar

routes = Routes()

EXAMPLE = {
    "event_id": "e-1",
    "lead_id": "L-1042",
    "type": "interaction",
    "occurred_at": "2026-01-06T10:12:00+01:00",
    "data": {"kind": "call", "channel": "phone", "direction": "outbound"},
}
POST_EVENTS: Json = {
    "operationId": "post_events",
    "tags": ["leads"],
    "parameters": [],
    "requestBody": body(ref("Events"), {"events": [EXAMPLE]}),
    "responses": {"200": response("Durable.", ref("EventsResult")), **problems(408, 413, 415, 422)},
}
_INVALID_EVENT: Json = {"description": "An invalid event: it is listed in rejected, the others are stored."}
_ANY_EVENT: Json = {"anyOf": [*(ref(shape.name) for shape in EVENTS.values()), _INVALID_EVENT]}
SCHEMAS: dict[str, Json] = {
    **{shape.name: shape.schema for shape in EVENT_SHAPES},
    "Events": object_of(
        {"events": list_of(_ANY_EVENT, description=f"At most {MAX_EVENTS}; more are a 413.")}
    ),
    "EventsResult": object_of(
        {
            "accepted": INTEGER,
            "duplicates": INTEGER,
            "rejected": list_of(ref("RejectedEvent")),
            "warnings": list_of(ref("EventWarning")),
        }
    ),
    "EventWarning": object_of({"index": INTEGER, "code": TEXT, "subject": TEXT, "detail": TEXT}),
    "RejectedEvent": object_of({"index": INTEGER, "errors": list_of(ref("EventError"))}),
    "EventError": object_of(
        {
            "code": {
                **TEXT,
                "description": "invalid, unknown_lead, time_ahead or closed_before_created.",
            },
            "loc": list_of({"type": ["string", "integer"]}),
            "msg": TEXT,
        }
    ),
}


@routes.post("/v1/events", POST_EVENTS)
async def post_events(request: Request) -> Response:
    """Stores events; answers when they are durable."""
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    bundle = request.app.state.runtime.watch.current
    events = await collect(events_of(value, words_of(bundle)))
    store = store_of(request)
    result: IngestResult = await store.write(store_events, events, row_count(events))
    ACCEPTED.inc(result.accepted)
    if result.duplicates or result.rejected:
        DUPLICATE.inc(result.duplicates)
        REJECTED.inc(len(result.rejected))
    answer = {
        "accepted": result.accepted,
        "duplicates": result.duplicates,
        "rejected": rejections(result.rejected, "events"),
        "warnings": event_warnings(bundle, events, result.rejected),
    }
    return json_response(answer)


def events_of(value: Any, words: OutcomeWords = NO_WORDS) -> Iterator[Event]:
    """The events of a request in order, read lazily; invalid ones carry their problems.

    Raises Problem for the request itself: not {events: [...]}, or more than MAX_EVENTS.
    """
    return (read_event(entry, words) for entry in entries_of(value, "events", MAX_EVENTS))


def row_count(events: Sequence[Event]) -> int:
    """An upper bound of the rows that these events add to the store."""
    return sum(len(event.rows) for event in events) + 1


class _Rows(NamedTuple):
    """The rows of one table that an event adds, without numbers and times."""

    table: str
    rows: list[dict[str, Any]]


class _InvalidValue(Exception):
    """A value of an event that breaks a rule."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.problem = EventProblem("invalid", path, message)


def read_event(value: Any, words: OutcomeWords = NO_WORDS) -> Event:
    """One event of a request as rows, or with its problems; words: the model's own for outcomes."""
    if type(value) is not dict:
        return Event(None, problems=[EventProblem("invalid", (), "expected an object")])
    key = _key(value)
    kind = value.get("type")
    shape = EVENTS.get(kind) if type(kind) is str else None
    if shape is None or type(kind) is not str:
        return Event(key, problems=[EventProblem("invalid", ("type",), _type_message(value))])
    if errors := shape.problems(value, ()):
        return Event(key, problems=_problems(errors, ("data", "outcome"), value.get("data"), words))
    try:
        occurred_us = read_row_time(value["occurred_at"])
        data = _rows_of(kind, value["data"], words)
    except InvalidRowTime as invalid_time:
        return Event(key, problems=[EventProblem("invalid", ("occurred_at",), str(invalid_time))])
    except _InvalidValue as invalid_value:
        return Event(key, problems=[invalid_value.problem])
    return Event(key, value["event_id"], value["lead_id"], occurred_us, data.table, data.rows)


def read_data(
    kind: str, data: Any, words: OutcomeWords = NO_WORDS
) -> tuple[list[dict[str, Any]], list[EventProblem]]:
    """The rows of an event's data by its type, without times; or no rows, and every problem."""
    errors = EVENTS[kind].fields["data"].kind.problems(data, ("data",))
    if errors:
        return [], _problems(errors, ("data", "outcome"), data, words)
    try:
        return _rows_of(kind, data, words).rows, []
    except _InvalidValue as invalid_value:
        return [], [invalid_value.problem]


def _rows_of(kind: str, data: Mapping[str, Any], words: OutcomeWords) -> _Rows:
    return _outcome(data, words) if kind == "outcome" else _ROWS[kind](data)


def _problems(errors: Errors, loc: Loc, data: Any, words: OutcomeWords) -> list[EventProblem]:
    """The problems of an event's form; a word for an outcome at `loc` may be one of the model's own."""
    word = data.get("outcome") if type(data) is dict else None
    known = without_known_word(errors, loc, word, words)
    return [EventProblem("invalid", tuple(problem["loc"]), problem["msg"]) for problem in known]


def _key(event: Mapping[str, Any]) -> bytes | None:
    event_id = event.get("event_id")
    return event_key(event_id) if type(event_id) is str and event_id.strip() else None


def _type_message(event: Mapping[str, Any]) -> str:
    return f"expected {' or '.join(EVENTS)}" if "type" in event else "missing"


def _interaction(data: Mapping[str, Any]) -> _Rows:
    value = data.get("value")
    row = {
        "kind": _name(data, "kind"),
        "channel": value_text(data.get("channel")),
        "direction": DIRECTIONS.get(data.get("direction") or "", NO_DIRECTION),
        "value": None if value is None else float(value),
        "interaction_id": data.get("interaction_id") or None,
    }
    return _Rows("interactions", [row])


def _name(data: Mapping[str, Any], key: str) -> str:
    """The text, which a folder's row needs as well; raises _InvalidValue for one of blanks alone."""
    text: str = data[key]
    if text.isspace():
        raise _InvalidValue(("data", key), "expected a text that is not blank")
    return text


def _stage(data: Mapping[str, Any]) -> _Rows:
    return _Rows("stages", [{"stage": _name(data, "stage")}])


def _outcome(data: Mapping[str, Any], words: OutcomeWords) -> _Rows:
    amount = data.get("amount")
    if amount is not None and amount < 0:
        raise _InvalidValue(("data", "amount"), "expected a number of at least 0")
    try:
        state = state_of_word(data["outcome"], words)
    except KeyError:
        message = f"expected {' or '.join(STATES)}, or a usual word for one of them"
        raise _InvalidValue(("data", "outcome"), message) from None
    row = {
        "state": state,
        "amount": None if amount is None else float(amount),
        "reason": value_text(data.get("reason")),
    }
    return _Rows("outcomes", [row])


def _attributes(data: Mapping[str, Any]) -> _Rows:
    if not data:
        raise _InvalidValue(("data",), "expected at least one attribute")
    if len(data) > MAX_ATTRIBUTES:
        raise _InvalidValue(("data",), f"expected at most {MAX_ATTRIBUTES} attributes")
    if fixed := sorted(NOT_ATTRIBUTES & set(data)):
        raise _InvalidValue(("data", fixed[0]), "lead_id, created_at and recorded_at are not attributes")
    rows = [{"attribute": name, "value": stored_scalar(value)} for name, value in data.items()]
    return _Rows("attribute_changes", rows)


_ROWS: Final = {"interaction": _interaction, "stage": _stage, "attributes": _attributes}
