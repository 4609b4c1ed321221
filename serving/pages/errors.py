"""Problems as pages, with the navigation and a way on."""

import html
import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from serving.base.json_logs import LOGGER, described
from serving.base.problems import Problem
from serving.http.responses import html_response
from serving.pages.rendering import formats_of, render
from serving.pages.words.catalogue import Translator
from serving.pages.words.refusals import detail_words, fault_words, field_words

# Codes and statuses with texts of their own.
OF_CODE = {
    "forged-form": "form",
    "no-model": "no_model",
    "store-unavailable": "store",
    "store-slow": "store",
    "disk-full": "store",
    "outlook-preparing": "preparing",
}
KNOWN = frozenset({401, 403, 404, 405, 413, 422, 429, 500, 503})


def problem_pages(app: Starlette) -> Callable[[Scope, Problem], Response]:
    """The page of a problem, also of a request that reached no route of `app`."""

    def page(scope: Scope, problem: Problem) -> Response:
        scope.setdefault("app", app)
        try:
            return _render(Request(scope), problem)
        except Exception as raised:  # the page must not hide the problem that it tells
            LOGGER.log(logging.ERROR, "error page failed", extra={"fields": described(raised)})
            return html_response(
                f"<!doctype html><title>Leadcast</title><p>{html.escape(problem.detail)}", problem.status
            )

    return page


def _render(request: Request, problem: Problem) -> Response:
    if problem.code == "outlook-preparing" and request.headers.get("hx-request"):
        return Response(
            status_code=204
        )  # the waiting page asks again (htmx); a 503 would be an error in its console
    translate = Translator(formats_of(request))
    return render(
        "error.html",
        request,
        problem.status,
        kind="loading" if problem.code == "no-model" and _is_loading(request) else _kind(problem),
        problem=problem,
        detail=detail_words(problem, translate),
        faults=[(field_words(fault, translate), fault_words(fault, translate)) for fault in problem.errors],
        request_id=request.scope["leadcast.request_id"],
        is_wrong_key=problem.code == "missing-scope",
    )


def _is_loading(request: Request) -> bool:
    loading: bool = request.app.state.runtime.watch.is_loading
    return loading


def _kind(problem: Problem) -> str:
    """The part of the keys of a problem's texts (texts/errors.toml)."""
    if problem.code in OF_CODE:
        return OF_CODE[problem.code]
    return str(problem.status) if problem.status in KNOWN else "other"
