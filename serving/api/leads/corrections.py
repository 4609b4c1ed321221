"""POST /v1/corrections: retracts or replaces stored events that were wrong."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from history.text.outcome_words import NO_WORDS, OutcomeWords
from serving.api.events import read_data
from serving.api.openapi import INTEGER, body, list_of, object_of, problems, ref, response
from serving.api.records import words_of
from serving.api.rejections import entries_of, rejections
from serving.api.stored import store_of
from serving.base.event import EventProblem, event_key
from serving.base.instant import InvalidRowTime, read_row_time
from serving.base.limits import MAX_BODY_BYTES, MAX_EVENTS
from serving.http.bodies import json_body
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.http.shapes import ID, TIME, Field, Shape, choice
from serving.store.corrections import REPLACE, RETRACT, Correction, StoredEvent, correct_events, find_events
from serving.store.events import IngestResult

# The type of an event by the table of its rows.
TYPES: Final = {
    "interactions": "interaction",
    "stages": "stage",
    "outcomes": "outcome",
    "attribute_changes": "attributes",
}

routes = Routes()

# `data` is read by the type of the stored event.
_HEAD = Shape(
    "CorrectionHead",
    {
        "event_id": Field(ID, "The id of the event that was wrong.", required=True),
        "action": Field(choice(RETRACT, REPLACE), "retract: it did not happen; replace.", required=True),
        "occurred_at": Field(TIME, "To replace: the right time; the stored one if absent."),
    },
)
CORRECTION: Json = {
    **_HEAD.schema,
    "properties": {
        **_HEAD.schema["properties"],
        "data": {
            "type": ["object", "null"],
            "description": "To replace: the whole right data, as in an event of its type; the stored ones if absent.",
        },
    },
}
_INVALID: Json = {"description": "An invalid correction: it is listed in rejected, the others are taken."}
_ANY_CORRECTION: Json = {"anyOf": [ref("Correction"), _INVALID]}
EXAMPLE = {"event_id": "e-2", "action": "replace", "data": {"stage": "proposal"}}
POST_CORRECTIONS: Json = {
    "operationId": "post_corrections",
    "tags": ["leads"],
    "parameters": [],
    "requestBody": body(ref("Corrections"), {"corrections": [EXAMPLE]}),
    "responses": {"200": response("Durable.", ref("CorrectionsResult")), **problems(408, 413, 415, 422)},
}
SCHEMAS: dict[str, Json] = {
    "Correction": CORRECTION,
    "Corrections": object_of(
        {"corrections": list_of(_ANY_CORRECTION, description=f"At most {MAX_EVENTS}; more are a 413.")}
    ),
    "CorrectionsResult": object_of(
        {
            "accepted": INTEGER,
            "duplicates": {**INTEGER, "description": "Corrections that change nothing."},
            "rejected": list_of(ref("RejectedEvent")),
        }
    ),
}


@routes.post("/v1/corrections", POST_CORRECTIONS)
async def post_corrections(request: Request) -> Response:
    """Retracts or replaces events; answers when the corrections are durable. Scores, history and funnel follow."""
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_BODY_BYTES)
    return json_response(await keep_corrections(request, entries_of(value, "corrections", MAX_EVENTS)))


async def keep_corrections(request: Request, entries: Sequence[Any]) -> dict[str, Any]:
    """The answer to these corrections, once they are durable."""
    store = store_of(request)
    ids = [entry["event_id"] for entry in entries if _has_id(entry)]
    stored = await store.read(partial(find_events, event_ids=ids))
    words = words_of(request.app.state.runtime.watch.current)
    corrections = [read_correction(entry, stored, words) for entry in entries]
    result: IngestResult = await store.write(correct_events, corrections, _row_count(corrections))
    rejected = rejections(result.rejected, "corrections")
    return {"accepted": result.accepted, "duplicates": result.duplicates, "rejected": rejected}


def _has_id(entry: Any) -> bool:
    return type(entry) is dict and type(entry.get("event_id")) is str


def _row_count(corrections: Sequence[Correction]) -> int:
    """An upper bound of the rows that these corrections add to the store."""
    return sum(1 + len(correction.rows or ()) for correction in corrections) + 1


def read_correction(
    entry: Any, stored: Mapping[bytes, StoredEvent], words: OutcomeWords = NO_WORDS
) -> Correction:
    """One correction of a request, or its problems; `stored` gives the event's type.

    words: the model's own for outcomes.
    """
    event_id = entry["event_id"] if _has_id(entry) else ""
    correction = Correction(event_id, event_key(event_id), RETRACT)
    errors = _head_problems(entry)
    if errors:
        return Correction(event_id, correction.key, RETRACT, problems=errors)
    if entry["action"] == RETRACT:
        return correction
    return _replacement(entry, stored.get(correction.key), words)


def _head_problems(entry: Any) -> list[EventProblem]:
    """Problems of everything but `data`."""
    head = {name: value for name, value in entry.items() if name != "data"} if type(entry) is dict else entry
    errors = [EventProblem("invalid", tuple(e["loc"]), e["msg"]) for e in _HEAD.problems(head, ())]
    if errors:
        return errors
    given = [name for name in ("occurred_at", "data") if entry.get(name) is not None]
    if entry["action"] == RETRACT and given:
        return [EventProblem("invalid", (given[0],), "not expected to retract: use the action replace")]
    if entry["action"] == REPLACE and not given:
        return [EventProblem("invalid", ("data",), "expected data, occurred_at or both to replace an event")]
    return []


def _replacement(entry: Mapping[str, Any], before: StoredEvent | None, words: OutcomeWords) -> Correction:
    """The new time and rows, read as those of an event of the stored type."""
    event_id, key = entry["event_id"], event_key(entry["event_id"])
    if before is None or before.is_retracted:
        return Correction(event_id, key, REPLACE)
    occurred_us, rows = None, None
    errors: list[EventProblem] = []
    if entry.get("data") is not None:
        rows, errors = read_data(TYPES[before.table], entry["data"], words)
    if entry.get("occurred_at") is not None:
        try:
            occurred_us = read_row_time(entry["occurred_at"])
        except InvalidRowTime as invalid_time:
            errors.append(EventProblem("invalid", ("occurred_at",), str(invalid_time)))
    return Correction(event_id, key, REPLACE, occurred_us, rows, errors)
