"""What is done on a line of the worklist: called, snoozed, a note. One form for all lines keeps the page small.

A button is named for what it does; its value is the number of its line and the lead's id, percent-encoded.
"""

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from serving.api.leads.beside import keep_call, keep_note, keep_snooze, read_call, read_snooze
from serving.api.stored import store_of
from serving.base.problems import error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.pages.lead.forms import back, in_days, note_of
from serving.pages.rendering import zone_of

SNOOZE_DAYS: Final = (1, 7)
CALLED: Final = "called"
KEEP: Final = "keep"
SNOOZED: Final = {f"snooze-{days}": days for days in SNOOZE_DAYS}

routes = Routes()


@routes.form("/line", "ingest")
async def post_line(request: Request, fields: Fields) -> Response:
    """Does what the pressed button says, on its line; raises Problem 422 for a form without one."""
    pressed = next((name for name in (CALLED, KEEP, *SNOOZED) if fields.text(name)), None)
    if pressed is None:
        raise invalid([error(["body"], "press a button of a line")])
    line, _, quoted = fields.text(pressed).partition(" ")
    lead_id = unquote(quoted)
    if pressed == CALLED:
        # A form that is sent twice stores one call.
        await keep_call(request, lead_id, read_call({"event_id": f"{fields.text('call_id')}-{line}"}))
        return back(fields, lead_id, "called")
    if pressed == KEEP:
        return await _keep(request, _of_line(fields, line), lead_id)
    until = in_days(str(SNOOZED[pressed]), zone_of(request))
    snooze = read_snooze(lead_id, {"until": until}, request.app.state.runtime.watch.current)
    await keep_snooze(store_of(request), snooze)
    return back(fields, lead_id, "snoozed")


async def _keep(request: Request, fields: Fields, lead_id: str) -> Response:
    """Keeps a note, a snooze until a date, or both: what is filled in on the line."""
    store = store_of(request)
    if not fields.text("text") and not fields.text("until"):
        raise invalid([error(["body"], "write a note, or choose a date")])
    note = note_of(request, fields, lead_id) if fields.text("text") else None
    snooze = None
    if fields.text("until"):
        snooze = read_snooze(
            lead_id, {"until": fields.text("until")}, request.app.state.runtime.watch.current
        )
    # Both are read before either is kept: a form with a fault changes nothing.
    if note is not None:
        await keep_note(store, note)
    if snooze is not None:
        await keep_snooze(store, snooze)
    return back(fields, lead_id, "noted" if snooze is None else ("snoozed" if note is None else "kept"))


def _of_line(fields: Fields, line: str) -> Fields:
    """The note and the date of one line: the form sends those of all, named by their number."""
    own = {name: fields.all(f"{name}-{line}") or ("",) for name in ("text", "until")}
    return Fields({**fields.texts, **own})
