"""The page of the worklist: open leads, best first, with their reasons."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from serving.api.errors import expected_problem
from serving.api.worklist import QUERY, read_worklist_key
from serving.http.queries import Reader, one_of, read_query, read_text
from serving.http.router import Routes
from serving.pages.rendering import render
from serving.store.errors import StoreUnavailable
from serving.store.scores.worklist import Page, WorklistQuery, worklist

ORDER_LABELS = {
    "expected_revenue": "expected revenue",
    "probability": "probability",
    "created_at": "age, newest first",
}
LEADS_PER_PAGE = 50

routes = Routes()


def _read_filter(text: str) -> str | None:
    return text.strip() or None


_READERS: dict[str, Reader] = {
    "order": one_of(ORDER_LABELS),
    "grade": QUERY["grade"],
    "stage": _read_filter,
    "owner": _read_filter,
    "q": _read_filter,
    "cursor": read_text,
}


@routes.get("/")
async def get_worklist_page(request: Request) -> Response:
    """Open leads, by default the highest expected revenue first. During an outage the page says so."""
    runtime = request.app.state.runtime
    filters = read_query(request.scope["query_string"], _READERS)
    order = filters.pop("order", "expected_revenue")
    cursor = filters.pop("cursor", None)
    query = WorklistQuery(
        order=order, limit=LEADS_PER_PAGE, after=read_worklist_key(cursor, order), **filters
    )
    outage, page = None, Page((), None)
    try:
        page = await runtime.stored.read(lambda connection: worklist(connection, query))
    except StoreUnavailable as raised:
        problem = expected_problem(raised)
        outage = problem.detail if problem else None
    chosen_filters = {name: value for name, value in filters.items() if value}
    next_query = {"order": order, **chosen_filters, "cursor": page.next_cursor}
    return render(
        "leads.html",
        request,
        leads=page.entries,
        next_link=f"/?{urlencode(next_query)}" if page.next_cursor else None,
        outage=outage,
        refused=runtime.watch.refused,
        orders=ORDER_LABELS,
        order=order,
        filters=filters,
    )
