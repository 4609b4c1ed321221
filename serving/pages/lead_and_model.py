"""Pages of one thing: a lead with its score, reasons and timeline; the model in use."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from models.bundle import Bundle
from serving.api.cursors import read_page_cursor
from serving.api.leads import (
    LeadRequest,
    lead_path,
    read_score_history,
    read_stored_leads,
    unknown_lead,
)
from serving.http.queries import read_query, read_text
from serving.http.router import Routes
from serving.pages.worklist import lead_link, render
from serving.store.timeline import Key

MOST_IMPORTANT = 25
MOVES = 20

routes = Routes()

METRICS = {
    "auc": "How often a lead that is won stands above one that is not; 0.5 is chance.",
    "pr_auc": "The same with weight on the leads at the top; chance is the share of wins.",
    "log_loss": "How far the probabilities are from what happened; lower is better.",
    "brier": "The mean squared error of the probabilities; lower is better.",
    "ece": "The gap between promised and actual win rates; lower is better.",
    "lift_10": "Wins among the best tenth of leads, as a multiple of the average.",
    "wins_error": "Wins promised against wins that came, as a share; 0 is best.",
    "revenue_error": "Revenue promised against revenue that came, as a share; 0 is best.",
    "gini": "How well the order of expected revenue puts the revenue first; 1 is best.",
}


@routes.get("/leads/{lead_id:text}")
async def get_lead_page(request: Request) -> Response:
    """A stored lead: its score with the reasons, how it moved, and what happened."""
    path = lead_path(request, b"/leads/")
    lead_id = path.lead_id
    if path.is_history:
        raise unknown_lead()
    given = read_query(request.scope["query_string"], {"cursor": read_text}).get("cursor")
    runtime = request.app.state.runtime
    read = partial(
        _read, lead_id=lead_id, bundle=runtime.watch.current, before=read_page_cursor(given, (int, int))
    )
    told = await runtime.stored.read(read)
    if told is None:
        raise unknown_lead()
    cursor = told["next_cursor"]
    following = f"{lead_link(lead_id)}?{urlencode({'cursor': cursor})}" if cursor else None
    return render("lead.html", request, **told, next_link=following, is_first_page=given is None)


def _read(
    connection: Connection, lead_id: str, bundle: Bundle | None, before: Key | None
) -> dict[str, Any] | None:
    (document,) = read_stored_leads(connection, [LeadRequest(lead_id, bundle, before)])
    moves = read_score_history(connection, lead_id, None)
    return None if document is None or moves is None else {**document, "moves": moves["history"][:MOVES]}


@routes.get("/model")
async def get_model_page(request: Request) -> Response:
    """The model in use: how good it is, how its promises were kept, what it looks at."""
    watch = request.app.state.runtime.watch
    bundle = watch.current
    card = {} if bundle is None else getattr(bundle, "card", {})
    return render(
        "model.html",
        request,
        model=None if bundle is None else bundle.describe(),
        card=card,
        importance=card.get("importance", [])[:MOST_IMPORTANT],
        baselines=card.get("baselines", {}),
        explained=METRICS,
        refused=watch.refused,
    )
