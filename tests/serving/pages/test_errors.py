"""Errors as pages: what happened, the navigation, and a way on."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from serving.base.problems import Problem, unavailable
from serving.pages import errors
from serving.pages.errors import KNOWN, problem_pages
from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import HOSTILE, PATHS
from tests.builders.service.service_client import caller, service

HTML = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/leads/unknown", 404),
        ("/signout", 405),
        ("/forecast?period=fortnight", 422),
        ("/funnel?by=<b>", 422),
        ("/?%ff=1", 422),
        (f"/?{HOSTILE}=1", 422),
        ("/?" + "a" * 9_000, 422),
    ],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_error_keeps_the_navigation_and_a_way_on(
    client: TestClient, path: str, status: int, language: str
) -> None:
    answer = client.get(path, headers={**HTML, "accept-language": language})
    assert answer.status_code == status
    page = Page(answer.text)
    assert page.faults == []
    assert page.open_tags == []
    assert {"/", "/funnel", "/forecast", "/model"} <= set(page.links)
    assert answer.headers["x-request-id"] in page.words


def test_unexpected_error_has_a_page_that_reveals_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.pages.model.render", _fail)
    answer = client.get("/model", headers=HTML)
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "/forecast" in Page(answer.text).links


@pytest.mark.parametrize("status", sorted(KNOWN | {418}))
def test_every_status_has_its_texts(client: TestClient, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    raised = Problem(status, "some-code", f"a detail with {HOSTILE}")
    monkeypatch.setattr("serving.pages.model.render", lambda *_, **__: (_ for _ in ()).throw(raised))
    answer = client.get("/model", headers=HTML)
    assert answer.status_code == status
    assert Page(answer.text).faults == []


def test_no_model_is_no_error_of_the_page(tmp_path: Path) -> None:
    without = caller(service(tmp_path, model=False)[0], **HTML)
    for path in ("/", "/model"):
        assert without.get(path).status_code == 200
    answer = without.get("/forecast")
    assert answer.status_code == 503
    assert "No model is in use yet" in answer.text
    assert "/forecast" in Page(answer.text).links


def test_outage_of_the_store_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    raised = unavailable("store-unavailable", "canary", 5)
    monkeypatch.setattr("serving.pages.model.render", lambda *_, **__: (_ for _ in ()).throw(raised))
    answer = client.get("/model", headers=HTML)
    assert "The store does not answer" in answer.text
    assert "canary" not in answer.text
    assert answer.headers["retry-after"] == "5"


def test_missing_scope_is_told(tmp_path: Path) -> None:
    program = caller(service(tmp_path, LEADCAST_API_KEYS="k:ingest")[0], authorization="Bearer k", **HTML)
    answer = program.get("/")
    assert answer.status_code == 403
    assert "scope read" in answer.text


def test_page_that_fails_still_tells_the_problem() -> None:
    scope: dict[str, Any] = {"type": "http", "path": "/", "headers": [], "method": "GET", "query_string": b""}
    answer = problem_pages(Starlette())(scope, unavailable("x", "<b>away", 1))
    assert (answer.status_code, b"&lt;b&gt;away" in bytes(answer.body)) == (503, True)


@pytest.mark.parametrize("path", PATHS)
def test_pages_send_no_inline_style_or_script(client: TestClient, path: str) -> None:
    policy = client.get(path, headers=HTML).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("frame-ancestors 'none'")


def _fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("canary")


def test_kinds_are_those_of_the_catalogue() -> None:
    assert errors._kind(Problem(418, "teapot", "x")) == "other"
    assert errors._kind(Problem(403, "forged-form", "x")) == "form"
