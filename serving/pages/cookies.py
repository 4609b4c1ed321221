"""Cookies of the pages: sent to this service alone, never to scripts or from other sites."""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from serving.http.access import anonymous_token, session_of

HOME = "/"


def set_cookie(answer: Response, request: Request, name: str, value: str, seconds: int | None = None) -> None:
    """Adds a cookie; it ends with the browser unless it is to live for `seconds`."""
    answer.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="strict", secure=is_encrypted(request)
    )


def form_token(request: Request) -> tuple[str, bool]:
    """The token of this reader's forms, and whether the answer must set its cookie."""
    session = session_of(request.scope)
    if session is not None:
        return session.csrf_token, False
    token = anonymous_token(request.scope)
    return (token, False) if token else (secrets.token_urlsafe(24), True)


def is_encrypted(request: Request) -> bool:
    """True over HTTPS, as the connection or the proxy before it says."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    return request.url.scheme == "https" or forwarded.partition(",")[0].strip().lower() == "https"


def own_path(target: str) -> str:
    """A path of this service to go to, `/` for any other text: a link never leads elsewhere."""
    is_own = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_own and target.isprintable() and target.isascii() and "\\" not in target else HOME
