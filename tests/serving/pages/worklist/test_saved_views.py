"""Saved views and "my leads": kept in the browser, read with suspicion."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.pages.worklist.saved_views import MOST_VIEWS, OWNER_COOKIE, VIEWS_COOKIE
from tests.builders.pages.html_page import Page
from tests.builders.service.lead_requests import put, refresh
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeModel, FakeRuntime, application

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[TestClient]:
    runtime = FakeRuntime(tmp_path / "home", FakeModel())
    with caller(application(runtime)) as client:
        client.headers.update(ENGLISH)
        put(client, "a", owner="Ann <b>")
        put(client, "b", owner="Bob")
        refresh(runtime)
        yield client


def post(browser: TestClient, path: str, **fields: str) -> int:
    token = Page(browser.get("/").text).fields["csrf_token"]
    answer = browser.post(path, data={"csrf_token": token, **fields}, follow_redirects=False)
    return int(answer.status_code)


def test_my_leads_are_remembered_and_forgotten(browser: TestClient) -> None:
    assert post(browser, "/my-leads", owner="Ann <b>") == 303
    page = browser.get("/").text
    assert '<a class="button" href="/?owner=Ann+%3Cb%3E">' in page
    assert "/leads/b" not in Page(browser.get("/?owner=Ann%20%3Cb%3E").text).links
    assert "My leads" in browser.get("/?owner=Ann+%3Cb%3E").text.partition('class="chips"')[2]
    assert post(browser, "/my-leads") == 303
    assert "Whose leads are yours?" in browser.get("/").text


def test_a_view_is_saved_shown_and_removed(browser: TestClient) -> None:
    query = "owner=Bob&order=change&cursor=abc&evil=1"
    assert post(browser, "/views", name="<i>My view</i>", query=query) == 303
    page = browser.get("/")
    assert '<a href="/?order=change&amp;owner=Bob">&lt;i&gt;My view&lt;/i&gt;</a>' in page.text
    assert Page(page.text).faults == []
    assert post(browser, "/views", name="<i>My view</i>", action="remove") == 303
    assert "My view" not in browser.get("/").text


@pytest.mark.parametrize("name", ["", "x" * 41])
def test_a_view_needs_a_name(browser: TestClient, name: str) -> None:
    assert post(browser, "/views", name=name, query="") == 422


def test_a_browser_keeps_a_few_views(browser: TestClient) -> None:
    for number in range(MOST_VIEWS):
        assert post(browser, "/views", name=str(number), query="") == 303
    assert post(browser, "/views", name="one more", query="") == 422
    assert post(browser, "/views", name="1", query="grade=A") == 303, "a known name is replaced"
    assert post(browser, "/views", name="1", query="q=" + "x" * 4_000) == 422


@pytest.mark.parametrize(
    "value",
    ["", "x", "W10", [1, 2], [["a"]], [["a", 1]], "{}", [["a", "https://evil.example/"]], [[None, None]]],
)
def test_cookies_of_others_do_no_harm(browser: TestClient, value: object) -> None:
    text = value if isinstance(value, str) else base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    for cookie in (OWNER_COOKIE, VIEWS_COOKIE):
        browser.cookies.set(cookie, text)
    page = browser.get("/")
    assert page.status_code == 200
    assert [link for link in Page(page.text).links if not link.startswith(("/", "#"))] == []
