"""All pages: valid without scripts, nothing from other hosts, hostile names harmless, errors as pages."""

import pytest
from starlette.testclient import TestClient

from tests.builders.html_page import SCRIPTS, Page
from tests.builders.page_paths import CHARTS, PATHS


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


@pytest.mark.parametrize("path", CHARTS)
def test_charts_are_data_in_the_page(client: TestClient, path: str) -> None:
    page = Page(client.get(path).text)
    assert len(page.charts) == CHARTS[path]
    assert all(chart["data"] and chart["layout"]["title"]["text"] for chart in page.charts)


@pytest.mark.parametrize("start", ["/", "/funnel"])
def test_every_link_has_a_page(client: TestClient, start: str) -> None:
    for link in set(Page(client.get(start).text).links):
        assert client.get(link).status_code == 200, link


def test_scripts_are_compressed_for_clients_that_accept_it(client: TestClient) -> None:
    for script in SCRIPTS:
        assert client.get(script).headers["content-type"].startswith("text/javascript")
    compressed = client.get(SCRIPTS[0], headers={"accept-encoding": "gzip"})
    plain = client.get(SCRIPTS[0], headers={"accept-encoding": "identity"})
    assert (compressed.headers["content-encoding"], compressed.content) == ("gzip", plain.content)
    assert "content-encoding" not in plain.headers


def test_empty_form_fields_mean_the_defaults(client: TestClient) -> None:
    assert client.get("/forecast?as_of=&period=month&periods=&by=").status_code == 200
    assert client.get("/funnel?as_of=&from=&to=&by=").status_code == 200
    assert client.get("/?order=probability&grade=&stage=&owner=&q=").status_code == 200


def test_client_that_accepts_only_json_gets_a_problem(client: TestClient) -> None:
    refused = client.get("/leads/unknown", headers={"accept": "application/json"})
    assert refused.headers["content-type"] == "application/problem+json"
