"""What people keep beside a stored lead: notes, a snooze; and a call that they have made."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from features.interactions.interactions import InteractionVocabulary
from history.config.config import FunnelConfig
from history.text.times import format_time
from models.bundle import Bundle
from serving.api.events import read_event, row_count
from serving.api.leads.lead_path import CALLS, NOTES, SNOOZE, lead_path, part_path, unknown_lead
from serving.api.leads.leads import API_PREFIX, get_lead
from serving.api.leads.leads import LEAD_ID as LEAD_ID_PARAMETER
from serving.api.openapi import (
    INTEGER,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    body,
    list_of,
    nullable,
    object_of,
    problems,
    ref,
    response,
)
from serving.api.stored import store_of
from serving.base.clock import clock_us
from serving.base.event import Event
from serving.base.instant import InvalidInstant, read_instant
from serving.base.limits import MAX_LEAD_BYTES
from serving.base.problems import Problem, error, invalid
from serving.http.bodies import json_body
from serving.http.queries import read_query
from serving.http.responses import json_response
from serving.http.router import Json, Routes
from serving.http.shapes import ID, NAME, NUMBER, Field, Kind, Shape
from serving.http.shapes import TIME as TIME_KIND
from serving.store.async_store import AsyncStore
from serving.store.beside import (
    MOST_NOTES,
    TOO_MANY,
    UNKNOWN_LEAD,
    NewNote,
    Snooze,
    add_notes,
    read_beside,
    set_snoozes,
)
from serving.store.events import IngestResult, store_events

LONGEST_NOTE = 4_000  # characters
CALL_KIND = "call"
CALL_CHANNEL = "phone"

routes = Routes()

NOTE = Shape(
    "NewNote",
    {
        "text": Field(
            Kind(str, f"a text of 1 to {LONGEST_NOTE} characters that is not blank"),
            "The note.",
            required=True,
        ),
        "author": Field(NAME, "Who writes it."),
    },
)
SNOOZING = Shape(
    "Snoozing",
    {"until": Field(NAME, "A time, or a date in the funnel's time zone; null ends a snooze.")},
)
CALL = Shape(
    "NewCall",
    {
        "event_id": Field(ID, "Your id of the call: sent again, it is a duplicate.", required=True),
        "occurred_at": Field(TIME_KIND, "Default: now."),
        "value": Field(NUMBER, "Any measure of it, such as minutes."),
    },
)
_NOTES: Json = {
    "operationId": "lead_notes",
    "tags": ["leads"],
    "parameters": [LEAD_ID_PARAMETER],
    "responses": {"200": response("Notes, newest first.", ref("LeadNotes")), **problems(404, 422)},
}
_REFUSALS = problems(404, 405, 408, 413, 415, 422)
_POST_NOTE: Json = {
    "operationId": "post_note",
    "tags": ["leads"],
    "parameters": [LEAD_ID_PARAMETER],
    "requestBody": body(ref("NewNote"), {"text": "Wants terms for two years.", "author": "Ann"}),
    "responses": {"200": response("Kept.", ref("Note")), **_REFUSALS},
}
_POST_SNOOZE: Json = {
    "operationId": "post_snooze",
    "tags": ["leads"],
    "parameters": [LEAD_ID_PARAMETER],
    "requestBody": body(ref("Snoozing"), {"until": "2199-12-01"}),
    "responses": {"200": response("Set.", ref("Snoozed")), **_REFUSALS},
}
_POST_CALL: Json = {
    "operationId": "post_call",
    "tags": ["leads"],
    "parameters": [LEAD_ID_PARAMETER],
    "requestBody": body(ref("NewCall"), {"event_id": "call-1", "value": 13}),
    "responses": {"200": response("Durable.", ref("CallResult")), **_REFUSALS},
}
SCHEMAS: dict[str, Json] = {
    **{shape.name: shape.schema for shape in (NOTE, SNOOZING, CALL)},
    "Note": object_of({"note_id": INTEGER, "written_at": TIME, "author": TEXT_OR_NULL, "text": TEXT}),
    "LeadNotes": object_of({"notes": list_of(ref("Note")), "snoozed_until": nullable(TIME)}),
    "Snoozed": object_of({"snoozed_until": nullable(TIME)}),
    "CallResult": object_of(
        {"event_id": TEXT, "result": {"type": "string", "enum": ["stored", "duplicate"]}}
    ),
}


# An id may contain slashes, which the decoded path of a route does not tell from its own.
@routes.get("/v1/leads/{lead_id:text}/notes", _NOTES)
async def get_notes(request: Request) -> Response:
    """The notes beside a lead, newest first, and until when it is snoozed."""
    path = lead_path(request, API_PREFIX)
    if path.part != NOTES:
        return await get_lead(request)
    read_query(request.scope["query_string"], {})
    read = partial(read_beside, lead_id=path.lead_id, now_us=clock_us())
    document = await store_of(request).read(read, light=True)
    if document is None:
        raise unknown_lead()
    return json_response(document)


@routes.post("/v1/leads/{lead_id:text}/notes", _POST_NOTE)
async def post_note(request: Request) -> Response:
    """Keeps a note beside a lead: erased with it, never read by the model."""
    path = part_path(request, API_PREFIX, NOTES)
    note = read_note(path.lead_id, await _body(request))
    return json_response(await keep_note(store_of(request), note))


@routes.post("/v1/leads/{lead_id:text}/snooze", _POST_SNOOZE)
async def post_snooze(request: Request) -> Response:
    """Leaves the lead out of the worklist until an instant, or ends that."""
    path = part_path(request, API_PREFIX, SNOOZE)
    bundle: Bundle | None = request.app.state.runtime.watch.current
    snooze = read_snooze(path.lead_id, await _body(request), bundle)
    return json_response(await keep_snooze(store_of(request), snooze))


@routes.post("/v1/leads/{lead_id:text}/calls", _POST_CALL)
async def post_call(request: Request) -> Response:
    """Stores a call that you have made: an outbound interaction of kind call, once per event_id."""
    path = part_path(request, API_PREFIX, CALLS)
    return json_response(await keep_call(request, path.lead_id, read_call(await _body(request))))


async def _body(request: Request) -> Any:
    read_query(request.scope["query_string"], {})
    value, _ = await json_body(request.scope, request.receive, MAX_LEAD_BYTES)
    return value


def read_note(lead_id: str, value: Any) -> NewNote:
    """A note of a request; raises Problem 422 with every problem."""
    errors = NOTE.problems(value)
    text = value.get("text") if type(value) is dict else None
    if type(text) is str and not (text.strip() and len(text) <= LONGEST_NOTE and "\0" not in text):
        errors.append(error(["body", "text"], f"expected {NOTE.fields['text'].kind.expected}"))
    if errors:
        raise invalid(errors)
    return NewNote(lead_id, value["text"].strip(), value.get("author"))


async def keep_note(store: AsyncStore, note: NewNote) -> dict[str, Any]:
    """The record of the note once it is durable; raises Problem 404 or 422."""
    kept: dict[str, Any] | str = await store.write(add_notes, note)
    if kept == UNKNOWN_LEAD:
        raise unknown_lead()
    if kept == TOO_MANY or isinstance(kept, str):
        raise invalid([error(["body", "text"], f"the lead has {MOST_NOTES} notes, which is the most")])
    return kept


def read_snooze(lead_id: str, value: Any, bundle: Bundle | None) -> Snooze:
    """A snooze of a request; a date is its start in the model's time zone. Raises Problem 422 with every problem."""
    errors = SNOOZING.problems(value)
    if errors:
        raise invalid(errors)
    until = value.get("until")
    if until is None:
        return Snooze(lead_id, None)
    zone = (FunnelConfig() if bundle is None else bundle.config).zone
    try:
        until_us = read_instant(until, zone, "until")
    except InvalidInstant as problem:
        raise invalid([error(["body", "until"], str(problem))]) from None
    if until_us <= clock_us():
        raise invalid([error(["body", "until"], "expected a time ahead of now")])
    return Snooze(lead_id, until_us)


async def keep_snooze(store: AsyncStore, snooze: Snooze) -> dict[str, Any]:
    """The snooze as it is set once it is durable; raises Problem 404."""
    if not await store.write(set_snoozes, snooze):
        raise unknown_lead()
    until_us = snooze.until_us
    return {"snoozed_until": None if until_us is None else format_time(until_us)}


@dataclass(frozen=True)
class _Call:
    """A call as an event."""

    lead_id: str
    event_id: str
    occurred_at: str
    value: float | None

    def event(self, words: InteractionVocabulary) -> Event:
        """The event; its channel is phone if the model knows that channel."""
        data: dict[str, Any] = {"kind": CALL_KIND, "direction": "outbound"}
        if CALL_CHANNEL in words.channels:
            data["channel"] = CALL_CHANNEL
        if self.value is not None:
            data["value"] = self.value
        return read_event(
            {
                "event_id": self.event_id,
                "lead_id": self.lead_id,
                "type": "interaction",
                "occurred_at": self.occurred_at,
                "data": data,
            }
        )


def read_call(value: Any) -> dict[str, Any]:
    """A call of a request; raises Problem 422 with every problem."""
    errors = CALL.problems(value)
    if errors:
        raise invalid(errors)
    call: dict[str, Any] = value
    return call


async def keep_call(request: Request, lead_id: str, value: dict[str, Any]) -> dict[str, Any]:
    """Stores a call once for each event_id; raises Problem 404, or 422 for a time that cannot be."""
    bundle: Bundle | None = request.app.state.runtime.watch.current
    words = InteractionVocabulary() if bundle is None else bundle.vocabulary.interactions
    occurred_at = value.get("occurred_at") or format_time(clock_us())
    event = _Call(lead_id, value["event_id"], occurred_at, value.get("value")).event(words)
    result: IngestResult = await store_of(request).write(store_events, [event], row_count([event]))
    if result.rejected:
        raise _refusal(result)
    return {"event_id": value["event_id"], "result": "stored" if result.accepted else "duplicate"}


def _refusal(result: IngestResult) -> Problem:
    problems_of_call = result.rejected[0].problems
    if problems_of_call[0].code == UNKNOWN_LEAD:
        return unknown_lead()
    return invalid([error(["body", *problem.path], problem.message) for problem in problems_of_call])
