"""Signing in with a key, and out."""

import logging
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serving.base.json_logs import LOGGER
from serving.http.access import SIGN_IN, Access, session_of
from serving.http.form_posts import Fields
from serving.http.queries import query_texts
from serving.http.router import Routes
from serving.http.sessions import LIFETIME_SECONDS, MAX_NAME, SESSION_COOKIE
from serving.pages.cookies import own_path, set_cookie
from serving.pages.rendering import render

routes = Routes()


@dataclass(frozen=True)
class _Entry:
    """What the form shows: where it leads, what was wrong, the name given before, and whether the page asks again."""

    target: str
    fault: str | None = None
    name: str = ""
    asks_again: bool = False


@routes.get(SIGN_IN)
async def get_sign_in_page(request: Request) -> Response:
    """The form for a key; to the page that was wanted if there is nothing to sign in for."""
    target = own_path(query_texts(request.scope["query_string"]).get("to", ("/",))[-1])
    if not _access(request).keys or session_of(request.scope) is not None:
        return _to(target)
    # Whoever follows a link from the CRM is signed in, but the browser keeps back a SameSite=Strict cookie. It sends it
    # when this page asks for itself again.
    is_from_elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    return _form(request, _Entry(target, asks_again=is_from_elsewhere))


@routes.form(SIGN_IN, None)
async def post_sign_in(request: Request, fields: Fields) -> Response:
    """Starts a session for a valid key, then shows the page that was wanted."""
    target = own_path(fields.text("to"))
    access = _access(request)
    if not access.keys:
        return _to(target)
    address = request.client.host if request.client else ""
    access.attempts.check(address)
    key = access.find(fields.text("key").encode())
    if key is None:
        access.attempts.count_failure(address)
        LOGGER.log(logging.WARNING, "sign-in refused", extra={"fields": {"client": address}})
        return _form(request, _Entry(target, "wrong_key", fields.text("name")), 401)
    if "read" not in key.scopes:
        return _form(request, _Entry(target, "cannot_read", fields.text("name")), 403)
    answer = _to(target)
    set_cookie(
        answer, request, SESSION_COOKIE, access.sessions.start(key, fields.text("name")), LIFETIME_SECONDS
    )
    return answer


@routes.form("/signout", None)
async def post_sign_out(request: Request, fields: Fields) -> Response:
    """Ends the session in this browser."""
    answer = _to(SIGN_IN)
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer


def _form(request: Request, entry: _Entry, status: int = 200) -> Response:
    return render("signin.html", request, status, entry=entry, max_name=MAX_NAME)


def _to(target: str) -> Response:
    return RedirectResponse(target, 303)


def _access(request: Request) -> Access:
    access: Access = request.scope["leadcast.access"]
    return access
