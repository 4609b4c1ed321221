"""What a reader keeps in this browser: whose leads are "my leads", and views of the worklist under names."""

import base64
import json
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.base.limits import MAX_TEXT
from serving.base.problems import error, invalid
from serving.http.form_posts import Fields
from serving.http.router import Routes
from serving.pages.cookies import own_path, set_cookie
from serving.pages.preferences import YEAR_SECONDS
from serving.pages.worklist.address import KEYS, Address

OWNER_COOKIE: Final = "leadcast_owner"
VIEWS_COOKIE: Final = "leadcast_views"
MOST_VIEWS: Final = 12
LONGEST_NAME: Final = 40
LONGEST_COOKIE: Final = 3_500  # bytes; browsers keep 4,096 with the name

routes = Routes()


class View(NamedTuple):
    """A view's name and its query."""

    name: str
    query: str

    @property
    def link(self) -> str:
        return f"/?{self.query}" if self.query else "/"


def my_owner(request: Request) -> str | None:
    """The owner whose leads are "my leads" in this browser, None until one is chosen."""
    texts = _read(request, OWNER_COOKIE)
    return texts[0] if len(texts) == 1 and isinstance(texts[0], str) else None


def saved_views(request: Request) -> list[View]:
    """The views of this browser, in order of names; what is not one counts for nothing."""
    pairs = [pair for pair in _read(request, VIEWS_COOKIE) if isinstance(pair, list) and len(pair) == 2]
    views = [View(*pair) for pair in pairs if all(isinstance(text, str) for text in pair)]
    return sorted(View(view.name, _own_query(view.query)) for view in views[:MOST_VIEWS])


@routes.form("/views", None)
async def post_view(request: Request, fields: Fields) -> Response:
    """Keeps the view under a name, or removes it; raises Problem 422 if it cannot be kept."""
    name, query = fields.text("name"), _own_query(fields.text("query"))
    views = [view for view in saved_views(request) if view.name != name]
    if fields.text("action") == "remove":
        return _answer(request, fields, VIEWS_COOKIE, [list(view) for view in views])
    if not name or len(name) > LONGEST_NAME:
        raise invalid([error(["body", "name"], f"expected a name of 1 to {LONGEST_NAME} characters")])
    if len(views) >= MOST_VIEWS:
        raise invalid([error(["body", "name"], f"{MOST_VIEWS} views are kept already: remove one")])
    return _answer(request, fields, VIEWS_COOKIE, [*(list(view) for view in views), [name, query]])


@routes.form("/my-leads", None)
async def post_my_leads(request: Request, fields: Fields) -> Response:
    """Keeps whose leads are "my leads", and shows them; forgets it without an owner."""
    owner = fields.text("owner")
    if len(owner) > MAX_TEXT:
        raise invalid([error(["body", "owner"], f"longer than {MAX_TEXT} characters")])
    return _answer(request, fields, OWNER_COOKIE, [owner] if owner else [])


def _own_query(text: str) -> str:
    """The part of a query that a worklist knows."""
    texts: dict[str, tuple[str, ...]] = {}
    for key, value in parse_qsl(text):
        if key in KEYS:
            texts[key] = (*texts.get(key, ()), value)
    return Address(texts).query()


def _answer(request: Request, fields: Fields, cookie: str, value: list[object]) -> Response:
    text = base64.urlsafe_b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()
    if len(text) > LONGEST_COOKIE:
        raise invalid([error(["body"], "more than this browser keeps: remove a view")])
    answer = RedirectResponse(own_path(fields.text("to")), 303)
    set_cookie(answer, request, cookie, text, YEAR_SECONDS)
    return answer


def _read(request: Request, cookie: str) -> list[object]:
    """The list in a cookie; empty for any other content."""
    try:
        value = json.loads(base64.urlsafe_b64decode(request.cookies.get(cookie, "")))
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else []
