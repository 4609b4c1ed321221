"""Answers as JSON, HTML pages, and problems in either form."""

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
_PROBLEM_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Leadcast</title><link rel="stylesheet" href="/static/leadcast.css"></head>
<body><main><h1>{title}</h1><p>{detail}</p>{errors}<p class="quiet">{status}, request {request_id}</p>
<p><a href="/">Back to the leads</a></p></main></body></html>
"""


def json_response(value: Any, status: int = 200) -> Response:
    """A value as JSON; floats in their shortest form that reads back to the same bits."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def html_response(text: str, status: int = 200) -> Response:
    return Response(text, status, {"content-security-policy": PAGE_POLICY}, media_type="text/html")


def problem_response(scope: Scope, problem: Problem) -> Response:
    """The problem as JSON (RFC 9457); as a page if the path is a page and the client does not ask for JSON only."""
    request_id: str = scope["leadcast.request_id"]
    if _wants_html(scope):
        answer = html_response(_problem_page(problem, request_id), problem.status)
    else:
        answer = Response(problem.encoded(request_id), problem.status, media_type=MEDIA_TYPE)
    for name, value in problem.headers.items():
        answer.headers[name] = value
    return answer


def _problem_page(problem: Problem, request_id: str) -> str:
    members = {key: html.escape(str(value)) for key, value in problem.body(request_id).items()}
    return _PROBLEM_PAGE.format(**{**members, "errors": _error_list(problem)})


def _error_list(problem: Problem) -> str:
    """The errors as an HTML list, each under the name of its option."""
    entries = []
    for entry in problem.errors:
        option = f"{entry['loc'][-1]}: " if len(entry["loc"]) > 1 else ""
        entries.append(f"<li>{html.escape(option)}{html.escape(entry['msg'])}</li>")
    return f"<ul>{''.join(entries)}</ul>" if entries else ""


def _wants_html(scope: Scope) -> bool:
    accepted = header(scope, b"accept") or b""
    if b"text/html" in accepted:
        return is_page(scope["path"])
    return is_known_page(scope["path"]) and b"json" not in accepted
