"""Answers as JSON, HTML pages, and problems in either form."""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from serving.base.problems import MEDIA_TYPE, Problem
from serving.http.access import is_known_page, is_page
from serving.http.bodies import header

_ENCODER = msgspec.json.Encoder()
_JSON = (b"content-type", b"application/json")

ProblemPage = Callable[[Scope, Problem], Response]


class JsonResponse(Response):
    """A value as JSON; floats in their shortest form that reads back to the same bits."""

    def __init__(self, value: Any, status: int = 200) -> None:
        self.status_code = status
        self.background = None
        self.body = _ENCODER.encode(value)
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), _JSON]


def json_response(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return JsonResponse(value, status)


def html_response(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="text/html")


def problem_response(scope: Scope, problem: Problem, problem_page: ProblemPage) -> Response:
    """The problem as JSON (RFC 9457); as a page if the path is a page and the client does not ask for JSON only."""
    request_id: str = scope["leadcast.request_id"]
    if problem.status < 400:  # to another page
        answer = Response(None, problem.status)
    elif _wants_html(scope):
        answer = problem_page(scope, problem)
    else:
        answer = Response(problem.encoded(request_id), problem.status, media_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        answer.headers[name] = value
    return answer


def _wants_html(scope: Scope) -> bool:
    accepted = header(scope, b"accept") or b""
    if b"text/html" in accepted:
        return is_page(scope["path"])
    return is_known_page(scope["path"]) and b"json" not in accepted
