"""Answers: JSON, problems (as HTML where a person asked), and what pages may load."""

import html
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from serving.base.problems import MEDIA_TYPE, Problem
from serving.http.access import is_known_page, is_page
from serving.http.bodies import header

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Leadcast</title><link rel="stylesheet" href="/static/leadcast.css"></head>
<body><main><h1>{title}</h1><p>{detail}</p>{errors}<p class="quiet">{status}, request {request_id}</p>
<p><a href="/">Back to the leads</a></p></main></body></html>
"""


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as JSON; floats in their shortest form that reads back to the same bits."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def html_answer(text: str, status: int = 200) -> Response:
    return Response(text, status, {"content-security-policy": PAGE_POLICY}, media_type="text/html")


def problem_answer(scope: Scope, problem: Problem) -> Response:
    """The problem as JSON; as a page where the path is one, unless the caller asks for JSON alone."""
    request_id: str = scope["leadcast.request_id"]
    if _wants_html(scope):
        fields = problem.body(request_id)
        said = {key: html.escape(str(value)) for key, value in fields.items()}
        text = _PAGE.format(**said | {"errors": _errors_as_list(problem)})
        answer = html_answer(text, problem.status)
    else:
        answer = Response(problem.encoded(request_id), problem.status, media_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        answer.headers[name] = value
    return answer


def _errors_as_list(problem: Problem) -> str:
    """What is wrong, each under the name of the option it is about."""
    entries = [f"<li>{html.escape(_named(e['loc']))}{html.escape(e['msg'])}</li>" for e in problem.errors]
    return f"<ul>{''.join(entries)}</ul>" if entries else ""


def _named(loc: list[str | int]) -> str:
    return f"{loc[-1]}: " if len(loc) > 1 else ""


def _wants_html(scope: Scope) -> bool:
    accepted = header(scope, b"accept") or b""
    if b"text/html" in accepted:
        return is_page(scope["path"])
    return is_known_page(scope["path"]) and b"json" not in accepted
