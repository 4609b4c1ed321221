"""Forms that pages post: read, checked for scope and against forged requests, in one place for all of them.

A forged request comes from another site in the browser of someone who is signed in. Three things stop it: the session's
cookie is not sent from other sites (SameSite=Strict), the browser says where a request comes from (Sec-Fetch-Site), and
every form carries a token that other sites cannot read.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from serving.base.problems import Problem, error, invalid
from serving.http.access import anonymous_token, check_scope, session_of
from serving.http.bodies import header, read_body
from serving.http.queries import query_texts

CSRF_FIELD = "csrf_token"
CSRF_HEADER = b"x-csrf-token"
MAX_FORM = 64 * 1024  # bytes
MAX_FIELDS = 2_100  # two for each line of a worklist of the longest page
FORM_TYPE = b"application/x-www-form-urlencoded"
UPLOAD_TYPE = b"multipart/form-data"
_OWN_SITE = (None, b"same-origin", b"none")


class Fields(NamedTuple):
    """The fields of a posted form; one that is missing reads as an empty text."""

    texts: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """The field's text without outer blanks; the last one if it was sent several times."""
        return self.texts.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Every text of a field that may be sent several times."""
        return self.texts.get(name, ())


FormEndpoint = Callable[[Request, Fields], Awaitable[Response]]


def checked_form(endpoint: FormEndpoint, scope_name: str | None) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for a form: `endpoint` after all checks. Raises Problem 403, 413, 415 or 422."""

    async def post(request: Request) -> Response:
        check_scope(request.scope, scope_name)
        fields = await _read_fields(request)
        _check_origin(request, fields)
        return await endpoint(request, fields)

    return post


async def _read_fields(request: Request) -> Fields:
    """The fields of the body; none of an upload, whose files its endpoint reads."""
    media_type = (header(request.scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    if media_type == UPLOAD_TYPE:
        return Fields({})
    if media_type != FORM_TYPE:
        errors = [error(["header", "content-type"], f"send {FORM_TYPE.decode()}")]
        raise Problem(415, "unsupported-media-type", "This is a form of a page.", errors)
    body = await read_body(request.scope, request.receive, MAX_FORM)
    return Fields(_parse(body))


def _parse(body: bytes) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise invalid([error(["body"], "not a form of UTF-8 fields")]) from None
    texts: dict[str, tuple[str, ...]] = {}
    for name, text in pairs:
        if "\0" in text:
            raise invalid([error(["body", name], "contains NUL")])
        texts[name] = (*texts.get(name, ()), text.replace("\r\n", "\n"))
    return texts


def _check_origin(request: Request, fields: Fields) -> None:
    """Raises Problem 403 unless the form is one of our pages'; a caller with a key in the header forges nothing."""
    if request.scope.get("leadcast.has_bearer"):
        return
    session = session_of(request.scope)
    expected = session.csrf_token if session else anonymous_token(request.scope)
    sent = _sent_token(request, fields)
    is_own_site = header(request.scope, b"sec-fetch-site") in _OWN_SITE
    if not (is_own_site and expected and hmac.compare_digest(sent.encode(), expected.encode())):
        detail = (
            "This form is not from a page of yours, or the page was open for too long. Nothing was changed."
        )
        raise Problem(403, "forged-form", detail)


def _sent_token(request: Request, fields: Fields) -> str:
    """The token in the form's field, in a header, or, of an upload, in the query."""
    in_header = header(request.scope, CSRF_HEADER)
    if in_header is not None:
        return in_header.decode("latin-1")
    return fields.text(CSRF_FIELD) or query_texts(request.scope["query_string"]).get(CSRF_FIELD, ("",))[-1]
