"""All pages: valid without scripts, nothing from other hosts, hostile names harmless, errors as pages."""

import pytest
from starlette.testclient import TestClient

from tests.builders.pages.html_page import Page
from tests.builders.pages.page_paths import PATHS


@pytest.mark.parametrize("path", [*PATHS, "/leads/unknown", "/forecast?period=fortnight", "/funnel?by=<b>"])
def test_page_is_valid_and_loads_nothing_foreign(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    page = Page(answer.text)
    assert page.faults == []
    assert page.open_tags == []
    assert [link for link in page.links if not link.startswith(("/", "#")) or link.startswith("//")] == []
    assert "<img" not in answer.text


@pytest.mark.parametrize("start", ["/", "/funnel"])
def test_every_link_has_a_page(client: TestClient, start: str) -> None:
    for link in set(Page(client.get(start).text).links):
        assert client.get(link).status_code == 200, link


def test_client_that_accepts_only_json_gets_a_problem(client: TestClient) -> None:
    refused = client.get("/leads/unknown", headers={"accept": "application/json"})
    assert refused.headers["content-type"] == "application/problem+json"
