"""Answers: JSON, problems (as HTML where a person asked), and what pages may load."""

import html
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from serving.access import is_page
from serving.bodies import header
from serving.problems import MEDIA_TYPE, Problem

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Leadcast</title><link rel="stylesheet" href="/static/leadcast.css"></head>
<body><main><h1>{title}</h1><p>{detail}</p><p class="quiet">{status}, request {request_id}</p>
<p><a href="/">Back to the leads</a></p></main></body></html>
"""


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as JSON; floats in their shortest form that reads back to the same bits."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def html_answer(text: str, status: int = 200) -> Response:
    return Response(text, status, {"content-security-policy": PAGE_POLICY}, media_type="text/html")


def problem_answer(scope: Scope, problem: Problem) -> Response:
    """The problem as JSON; as a page where the path is one and the caller reads HTML."""
    request_id: str = scope["leadcast.request_id"]
    if is_page(scope["path"]) and b"text/html" in (header(scope, b"accept") or b""):
        fields = problem.body(request_id)
        text = _PAGE.format(**{key: html.escape(str(value)) for key, value in fields.items()})
        answer = html_answer(text, problem.status)
    else:
        answer = Response(problem.encoded(request_id), problem.status, media_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        answer.headers[name] = value
    return answer
