"""The application as a whole: without a model, HEAD, unknown query keys, pages."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.pages.html_page import Page
from tests.builders.service.service_client import LEAD, caller, problem, service


def test_an_unknown_query_key_is_refused_on_every_call(fake_client: TestClient) -> None:
    assert fake_client.post("/v1/score?utm_source=x&gclid=y", json=LEAD).status_code == 200
    answers = [
        fake_client.post("/v1/score?reason=3", json=LEAD),
        fake_client.post("/v1/events?x=1", json={"events": []}),
        fake_client.put("/v1/leads/a?x=1", json={"created_at": LEAD["created_at"]}),
        *(
            fake_client.get(f"{path}?x=%F0%9F%98%80")
            for path in ("/v1/model", "/v1/leads", "/v1/leads/a", "/v1/funnel")
        ),
        fake_client.delete("/v1/leads/a?x=1"),
    ]
    assert [problem(answer, 422)["errors"][0]["loc"][0] for answer in answers] == ["query"] * len(answers)
    assert answers[0].json()["errors"] == [
        {"loc": ["query", "reason"], "msg": "unknown key; did you mean reasons?"}
    ]


def test_without_a_model_the_answer_says_what_to_do(tmp_path: Path) -> None:
    client = caller(service(tmp_path, model=False)[0])
    body = problem(client.post("/v1/score", json=LEAD), 503)
    assert "leadcast train" in body["detail"]
    assert client.post("/v1/score", json={}).status_code == 422
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").json() == {"status": "alive"}


@pytest.mark.parametrize(
    "path", ["/livez", "/", "/v1/model", "/v1/leads/none", "/static/leadcast.css", "/nowhere"]
)
def test_head_has_the_headers_of_get(fake_service: tuple[Guard, Runtime], path: str) -> None:
    """Health probes and link checkers ask for the head alone."""
    head, whole = caller(fake_service[0]).head(path), caller(fake_service[0]).get(path)
    assert head.status_code == whole.status_code
    assert ("set-cookie" in head.headers) == ("set-cookie" in whole.headers)
    left_out = ("x-request-id", "set-cookie")
    assert {k: v for k, v in head.headers.items() if k not in left_out} == {
        k: v for k, v in whole.headers.items() if k not in left_out
    }


def test_head_of_a_post_path_is_405(fake_service: tuple[Guard, Runtime]) -> None:
    client = caller(fake_service[0])
    assert client.head("/v1/score").status_code == 405
    assert client.delete("/v1/model").headers["allow"] == "GET, HEAD"


def test_pages_load_nothing_from_other_hosts(fake_client: TestClient) -> None:
    for path in ("/", "/docs"):
        page = fake_client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert not re.search(r"(src|href|action)=\"?(https?:)?//", page.text)
        assert Page(page.text).faults == []
