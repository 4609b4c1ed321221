"""The forms of a lead's page: called, snoozed, a note, a wrong event, and a change to try."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from funnel.dates import local_date
from history.text.times import format_time
from serving.api.leads.beside import keep_call, keep_note, keep_snooze, read_call, read_note, read_snooze
from serving.api.leads.corrections import keep_corrections
from serving.api.leads.lead_path import lead_path, unknown_lead
from serving.api.leads.what_if import read_what_if
from serving.api.stored import store_of
from serving.base.clock import clock_us
from serving.base.instant import InvalidInstant, read_instant
from serving.base.problems import error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.pages.cookies import own_path
from serving.pages.lead.page import PREFIX, Wanted, lead_page
from serving.pages.lead.what_if import filled, read_number, request_of
from serving.pages.rendering import lead_link, reader_of, zone_of
from serving.store.beside import NewNote, NoteKey, delete_notes

routes = Routes()


def _lead_id(request: Request, part: str) -> str:
    """The lead of a form's path; raises Problem 404 for another path."""
    path = lead_path(request, PREFIX, (part,))
    if path.part != part:
        raise unknown_lead()
    return path.lead_id


def back(fields: Fields, lead_id: str, done: str) -> Response:
    """To the page that the form was on, the lead's or the worklist, which says what was done."""
    target = own_path(fields.text("to"))
    path, _, query = target.partition("?")
    path = path if fields.text("to") else lead_link(lead_id)
    kept = [(key, text) for key, text in parse_qsl(query) if key not in ("done", "correct")]
    return RedirectResponse(f"{path}?{urlencode([*kept, ('done', done)])}", 303)


@routes.form("/leads/{lead_id:text}/calls", "ingest")
async def post_called(request: Request, fields: Fields) -> Response:
    """Stores a call that was made now, once for each form that was shown."""
    lead_id = _lead_id(request, "calls")
    sent: dict[str, Any] = {"event_id": fields.text("event_id")}
    if fields.text("value"):
        sent["value"] = read_number(fields.text("value"), "value")
    await keep_call(request, lead_id, read_call(sent))
    return back(fields, lead_id, "called")


@routes.form("/leads/{lead_id:text}/notes", "ingest")
async def post_noted(request: Request, fields: Fields) -> Response:
    """Keeps a note, with the name of who is signed in."""
    lead_id = _lead_id(request, "notes")
    await keep_note(store_of(request), note_of(request, fields, lead_id))
    return back(fields, lead_id, "noted")


def note_of(request: Request, fields: Fields, lead_id: str) -> NewNote:
    author = reader_of(request)
    return read_note(lead_id, {"text": fields.text("text"), **({"author": author} if author else {})})


@routes.form("/leads/{lead_id:text}/remove-note", "ingest")
async def post_removed(request: Request, fields: Fields) -> Response:
    """Deletes a note; one that is gone already is no fault."""
    lead_id = _lead_id(request, "remove-note")
    number = fields.text("note_id")
    if not (number.isascii() and number.isdecimal() and len(number) <= 15):
        raise invalid([error(["body", "note_id"], "expected the number of a note")])
    await store_of(request).write(delete_notes, NoteKey(lead_id, int(number)))
    return back(fields, lead_id, "removed")


@routes.form("/leads/{lead_id:text}/snooze", "ingest")
async def post_snoozed(request: Request, fields: Fields) -> Response:
    """Snoozes the lead for some days, until a date, or wakes it if neither is given."""
    lead_id = _lead_id(request, "snooze")
    until = fields.text("until") or in_days(fields.text("days"), zone_of(request))
    snooze = read_snooze(lead_id, {"until": until}, request.app.state.runtime.watch.current)
    await keep_snooze(store_of(request), snooze)
    return back(fields, lead_id, "snoozed" if until else "awake")


def in_days(days: str, zone: ZoneInfo) -> str | None:
    """The date so many days from today in the zone."""
    if not days:
        return None
    if not (days.isascii() and days.isdecimal() and len(days) <= 3):
        raise invalid([error(["body", "days"], "expected a whole number of days")])
    return str(local_date(clock_us(), zone) + timedelta(days=int(days)))


@routes.form("/leads/{lead_id:text}/corrections", "ingest")
async def post_corrected(request: Request, fields: Fields) -> Response:
    """Retracts or replaces an event of the lead."""
    lead_id = _lead_id(request, "corrections")
    correction = _correction(fields, zone_of(request))
    result = await keep_corrections(request, [correction])
    if result["rejected"]:
        raise invalid([error(e["loc"], e["msg"]) for e in result["rejected"][0]["errors"]])
    return back(fields, lead_id, "corrected")


def _correction(fields: Fields, zone: ZoneInfo) -> dict[str, Any]:
    """The form as a correction of POST /v1/corrections."""
    correction: dict[str, Any] = {"event_id": fields.text("event_id"), "action": fields.text("action")}
    if correction["action"] != "replace":
        return correction
    if fields.text("occurred_at") and fields.text("occurred_at") != fields.text("was_at"):
        try:
            occurred_us = read_instant(fields.text("occurred_at"), zone)
        except InvalidInstant as problem:
            raise invalid([error(["body", "occurred_at"], str(problem))]) from None
        correction["occurred_at"] = format_time(occurred_us)
    data = _data(fields)
    return {**correction, "data": data} if data else correction


def _data(fields: Fields) -> Mapping[str, Any]:
    """The right content of an interaction, stage or outcome; attributes are only retracted."""
    data: dict[str, Any] = {}
    for name in ("kind", "channel", "direction", "interaction_id", "stage", "outcome", "reason"):
        if fields.text(name):
            data[name] = fields.text(name)
    for name in ("value", "amount"):
        if fields.text(name):
            data[name] = read_number(fields.text(name), name)
    return data


@routes.form("/leads/{lead_id:text}/what-if", "score")
async def post_what_if(request: Request, fields: Fields) -> Response:
    """The page with the score as if a change were stored; nothing is kept."""
    lead_id = _lead_id(request, "what-if")
    sent = filled(fields)
    bundle = request.app.state.runtime.watch.bundle()
    change = read_what_if(lead_id, request_of(sent))
    return await lead_page(request, Wanted(lead_id, bundle, {}, change), tried=sent)
