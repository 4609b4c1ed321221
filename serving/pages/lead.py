"""The page of a stored lead: its score with reasons, how it moved, and the timeline."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from serving.api.cursors import read_page_cursor
from serving.api.lead_documents import LeadRequest, read_score_history, read_stored_leads
from serving.api.lead_path import lead_path, unknown_lead
from serving.http.queries import read_query, read_text
from serving.http.router import Routes
from serving.pages.rendering import lead_link, render

MOVES_SHOWN = 20

routes = Routes()


@routes.get("/leads/{lead_id:text}")
async def get_lead_page(request: Request) -> Response:
    """The lead, or a later page of its timeline; raises Problem 404 for an unknown one."""
    path = lead_path(request, b"/leads/")
    if path.part:
        raise unknown_lead()
    cursor = read_query(request.scope["query_string"], {"cursor": read_text}).get("cursor")
    runtime = request.app.state.runtime
    lead_request = LeadRequest(path.lead_id, runtime.watch.current, read_page_cursor(cursor, (int, int)))
    # In a thread: a page's lead and its history take several queries and a score.
    document = await runtime.stored.read(partial(_read, request=lead_request))
    if document is None:
        raise unknown_lead()
    next_cursor = document["next_cursor"]
    next_link = None
    if next_cursor:
        next_link = f"{lead_link(path.lead_id)}?{urlencode({'cursor': next_cursor})}"
    return render("lead.html", request, **document, next_link=next_link, is_first_page=cursor is None)


def _read(connection: Connection, request: LeadRequest) -> dict[str, Any] | None:
    """The lead's document with the latest moves of its score; None for an unknown lead."""
    (document,) = read_stored_leads(connection, [request])
    moves = read_score_history(connection, request.lead_id, None)
    if document is None or moves is None:
        return None
    return {**document, "moves": moves["history"][:MOVES_SHOWN]}
