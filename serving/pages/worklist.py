"""The page of the worklist: open leads, best first, with their reasons."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from serving.api.errors import expected_problem
from serving.api.worklist import SELECTION, read_page, worklist_query
from serving.http.queries import Many, Reader, one_of, read_query, read_text
from serving.http.router import Routes
from serving.pages.rendering import render
from serving.store.errors import StoreUnavailable
from serving.store.scores.worklist import Page

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
    "grade": SELECTION["grade"],
    "stage": Many(_read_filter),
    "owner": Many(_read_filter),
    "q": _read_filter,
    "cursor": read_text,
}


@routes.get("/")
async def get_worklist_page(request: Request) -> Response:
    """Open leads, by default the highest expected revenue first. During an outage the page says so."""
    runtime = request.app.state.runtime
    filters = read_query(request.scope["query_string"], _READERS)
    query = worklist_query({**filters, "limit": LEADS_PER_PAGE})
    order = filters.pop("order", "expected_revenue")
    filters.pop("cursor", None)
    outage, page = None, Page((), None, 0)
    try:
        page = await read_page(runtime, query)
    except StoreUnavailable as raised:
        problem = expected_problem(raised)
        outage = problem.detail if problem else None
    chosen_filters = {name: value for name, value in filters.items() if value}
    next_query = {"order": order, **chosen_filters, "cursor": page.next_cursor}
    return render(
        "leads.html",
        request,
        leads=page.entries,
        next_link=f"/?{urlencode(next_query, doseq=True)}" if page.next_cursor else None,
        outage=outage,
        refused=runtime.watch.refused,
        orders=ORDER_LABELS,
        order=order,
        filters={
            name: value if name == "q" else ", ".join(value) for name, value in filters.items() if value
        },
    )
