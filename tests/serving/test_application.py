"""The routes behind their guard: answers of the contract, one shape for every error, nothing given away."""

import asyncio
import errno
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Send

import serving.api.scores
from serving.base.json_logs import JsonFormatter
from serving.base.limits import MAX_BODY_BYTES, MAX_LEAD_BYTES
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service_client import LEAD, caller, exchange, fake_records, service

JSON = [(b"content-type", b"application/json")]


@pytest.fixture(autouse=True)
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.api.scores, "score_leads", fake_records)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Guard, Runtime]]:
    guard, runtime = service(tmp_path)
    yield guard, runtime
    runtime.stored.store.close()


@pytest.fixture
def client(parts: tuple[Guard, Runtime]) -> TestClient:
    return caller(parts[0])


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def test_a_score_is_one_flat_object_to_the_last_bit(client: TestClient) -> None:
    answer = client.post("/v1/score?reasons=2", json=LEAD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["probability"] == 0.1 + 0.2
    assert body["lead_id"] == "L1"
    assert len(body["reasons"]) == 2


def test_reasons_default_to_five_and_may_be_all_or_none(client: TestClient) -> None:
    counts = [
        len(client.post(f"/v1/score{q}", json=LEAD).json()["reasons"])
        for q in ("", "?reasons=0", "?reasons=all")
    ]
    assert counts == [5, 0, 8]


def test_flat_answers_have_one_level_and_plain_keys(client: TestClient) -> None:
    body = client.post("/v1/score?flat=true&reasons=2", json=LEAD).json()
    assert body["reason_2_label"] == "because"
    assert body["warnings"] == 1
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", key) for key in body)
    assert not any(isinstance(value, dict | list) for value in body.values())


def test_as_of_is_an_instant_or_a_day_in_the_funnels_zone(client: TestClient) -> None:
    def as_of(text: str) -> str:
        return str(client.post(f"/v1/score?as_of={text}", json=LEAD).json()["as_of"])

    assert as_of("2026-01-31T00:00:00Z") == "1769817600000000"
    assert as_of("2026-01-31") == "1769814000000000"
    assert (
        as_of("2026-01-31T01:00:00%2B01:00")
        == as_of("2026-01-31T01:00:00+01:00")
        == as_of("2026-01-31T00:00:00Z")
    )


@pytest.mark.parametrize(
    "query",
    ["reasons=-1", "reasons=x", "reasons=", "reasons=1&reasons=2", "flat=maybe", "as_of=now", "as_of=1700000000",
     "as_of=03/04/2026", "as_of=9999-01-01", "as_of=1980-01-01", "as_of=%00", "as_of=%ff"],
)  # fmt: skip
def test_known_query_keys_are_checked(client: TestClient, query: str) -> None:
    body = problem(client.post(f"/v1/score?{query}", json=LEAD), 422)
    assert body["errors"][0]["loc"][0] == "query"


def test_an_unknown_query_key_is_refused_on_every_call(client: TestClient) -> None:
    assert client.post("/v1/score?utm_source=x&gclid=y", json=LEAD).status_code == 200
    answers = [
        client.post("/v1/score?reason=3", json=LEAD),
        client.post("/v1/events?x=1", json={"events": []}),
        client.put("/v1/leads/a?x=1", json={"created_at": LEAD["created_at"]}),
        *(
            client.get(f"{path}?x=%F0%9F%98%80")
            for path in ("/v1/model", "/v1/leads", "/v1/leads/a", "/v1/funnel")
        ),
        client.delete("/v1/leads/a?x=1"),
    ]
    assert [problem(answer, 422)["errors"][0]["loc"][0] for answer in answers] == ["query"] * len(answers)
    assert answers[0].json()["errors"] == [
        {"loc": ["query", "reason"], "msg": "unknown key; did you mean reasons?"}
    ]


def test_a_batch_answers_each_lead_in_its_place(client: TestClient) -> None:
    leads = [{**LEAD, "lead_id": str(i)} for i in range(70)]
    leads[3] = {"lead_id": "bad"}
    leads[5] = 3  # type: ignore[call-overload]
    results = client.post("/v1/score/batch?reasons=0", json={"leads": leads}).json()["results"]
    assert [r["lead_id"] for r in results] == [
        str(i) if i not in (3, 5) else {3: "bad", 5: None}[i] for i in range(70)
    ]
    assert results[3]["error"]["status"] == 422
    assert results[3]["error"]["errors"] == [{"loc": ["body", "leads", 3, "created_at"], "msg": "missing"}]
    assert len({r["as_of"] for r in results if "error" not in r}) == 1


def test_an_empty_batch_has_empty_results(client: TestClient) -> None:
    assert client.post("/v1/score/batch", json={"leads": []}).json() == {"results": []}


def test_without_a_model_the_answer_says_what_to_do(tmp_path: Path) -> None:
    client = caller(service(tmp_path, model=False)[0])
    body = problem(client.post("/v1/score", json=LEAD), 503)
    assert "leadcast train" in body["detail"]
    assert client.post("/v1/score", json={}).status_code == 422
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").json() == {"status": "alive"}


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
     "application/vnd.bentoml+pickle", "application/octet-stream", "application/json-patch+json", "",
     "application/json; charset=latin-1", "application/jsonp", "text/json", "application/json, text/plain"],
)  # fmt: skip
def test_only_json_is_read(client: TestClient, kind: str) -> None:
    problem(client.post("/v1/score", content=json.dumps(LEAD), headers={"content-type": kind}), 415)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_is_json_in_any_spelling(client: TestClient, kind: str) -> None:
    assert (
        client.post("/v1/score", content=json.dumps(LEAD), headers={"content-type": kind}).status_code == 200
    )


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip"])
def test_compressed_bodies_are_not_read(client: TestClient, encoding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    problem(client.post("/v1/score", content=b"x", headers=headers), 415)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/v1/score", MAX_LEAD_BYTES), ("/v1/score/batch", MAX_BODY_BYTES), ("/v1/events", MAX_BODY_BYTES)],
)
def test_a_body_is_read_up_to_its_limit_whatever_it_announced(
    parts: tuple[Guard, Runtime], path: str, limit: int
) -> None:
    chunk = b" " * (limit // 4)
    status, _, taken = exchange(parts[0], path, [chunk] * 40, JSON)
    assert (status, taken) == (413, 5)
    announced = [*JSON, (b"content-length", str(limit + 1).encode())]
    status, _, taken = exchange(parts[0], path, [chunk] * 40, announced)
    assert (status, taken) == (413, 0)


def test_a_caller_that_goes_away_is_no_error(
    parts: tuple[Guard, Runtime], caplog: pytest.LogCaptureFixture
) -> None:
    status, _, _ = exchange(parts[0], "/v1/score", [], JSON)
    assert status == 0
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


def test_every_error_has_one_shape(client: TestClient) -> None:
    problem(client.get("/v1/nothing"), 404)
    problem(client.get("/nothing"), 404)
    assert client.delete("/v1/score").headers["allow"] == "POST"
    problem(client.delete("/v1/score"), 405)
    problem(client.get("/v1/model/"), 404)
    problem(client.options("/v1/score"), 405)
    problem(client.post("/v1/score", content=b"{", headers={"content-type": "application/json"}), 422)
    problem(client.get("/static/../app.py"), 404)
    problem(client.get("/static/%2e%2e%2fapp.py"), 404)
    problem(client.get(f"/static/{'a' * 300}.css"), 404)
    problem(client.get("/v1/leads/%00"), 422)


def test_a_person_gets_a_page_also_for_an_error(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        client.get("/v1/nothing", headers={"accept": "text/html"}).headers["content-type"]
        == "application/problem+json"
    )


def test_an_unexpected_error_gives_nothing_away(
    parts: tuple[Guard, Runtime], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("canary")

    monkeypatch.setattr(serving.api.scores, "score_leads", fail)
    caplog.set_level(logging.INFO, "leadcast")
    answer = caller(parts[0]).post("/v1/score", json=LEAD)
    assert "canary" not in answer.text
    problem(answer, 500)
    lines = [JsonFormatter().format(r) for r in caplog.records]
    assert any("RuntimeError" in line and "test_application.py" in line for line in lines)
    assert "canary" not in "".join(lines)


@pytest.mark.parametrize(
    "want", [MemoryError(), OSError(errno.EMFILE, "many"), OSError(errno.ENOMEM, "much")]
)
def test_want_of_memory_or_files_is_no_fault_of_ours_and_passes(
    parts: tuple[Guard, Runtime], monkeypatch: pytest.MonkeyPatch, want: Exception
) -> None:
    def fail(*_: Any) -> Any:
        raise want

    monkeypatch.setattr(serving.api.scores, "score_leads", fail)
    answer = caller(parts[0]).post("/v1/score", json=LEAD)
    assert problem(answer, 503)["type"].endswith("overloaded")
    assert answer.headers["retry-after"] == "1"


def test_no_word_of_a_request_gets_into_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    guard, runtime = service(tmp_path, LEADCAST_LOG="all")
    client = caller(guard)
    caplog.set_level(logging.DEBUG)
    canary = "canary"
    client.post(f"/v1/score?as_of={canary}&{canary}=1", json={**LEAD, "lead_id": canary, canary: canary})
    client.post("/v1/score", json={**LEAD, "owner": canary}, headers={"authorization": f"Bearer {canary}"})
    client.post("/v1/score", content=f'{{"{canary}'.encode(), headers={"content-type": "application/json"})
    client.get(f"/v1/leads/{canary}")
    client.get(f"/{canary}?{canary}", headers={"user-agent": canary, "x-request-id": f"{canary}@x"})
    client.request(canary.upper(), "/v1/score")
    runtime.stored.store.close()
    lines = [JsonFormatter().format(r) for r in caplog.records if r.name.startswith(("leadcast", "uvicorn"))]
    assert len(lines) >= 6
    assert all(json.loads(line)["request_id"] for line in lines)
    assert canary not in "".join(lines).lower()


def test_a_request_id_is_the_callers_or_new(client: TestClient) -> None:
    assert client.get("/livez", headers={"x-request-id": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    for strange in ("a b", "x" * 101, "<script>", ""):
        given = client.get("/livez", headers={"x-request-id": strange}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", given)


def test_every_answer_is_guarded_by_headers(client: TestClient) -> None:
    for path in ("/livez", "/v1/model", "/", "/docs", "/nothing", "/static/leadcast.css"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "x-request-id" in headers


def test_with_keys_every_path_but_health_needs_one(tmp_path: Path) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS="k:read")
    client = caller(guard, "10.0.0.1")
    paths = [
        *runtime_paths(client),
        "/",
        "/docs",
        "/static/leadcast.css",
        "/nothing",
        "/schema.json",
        "/docs.json",
    ]
    for path in paths:
        assert client.get(path).status_code == (200 if path in ("/livez", "/readyz") else 401), path
    authorized = caller(guard, "10.0.0.1", authorization="Bearer k")
    assert authorized.get("/v1/model").status_code == 200
    problem(authorized.post("/v1/score", json=LEAD), 403)
    runtime.stored.store.close()


def runtime_paths(client: TestClient) -> list[str]:
    app: Any = client.app
    return [path.replace("{lead_id}", "x") for path in app.app.app.state.openapi["paths"]]


def test_without_keys_foreign_peers_get_nothing_but_health(tmp_path: Path) -> None:
    client = caller(service(tmp_path)[0], "10.0.0.1")
    problem(client.get("/v1/model"), 403)
    assert client.get("/livez").status_code == 200


def test_overload_is_answered_at_once_and_passes(parts: tuple[Guard, Runtime]) -> None:
    guard = parts[0]
    client = caller(guard)
    guard.running = guard.concurrency
    answer = client.post("/v1/score", json=LEAD)
    problem(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    assert client.get("/livez").status_code == 200
    assert client.get("/metrics").status_code == 200
    guard.running = 0
    assert client.post("/v1/score", json=LEAD).status_code == 200
    assert guard.running == 0


def test_who_reads_slowly_or_has_no_key_takes_no_place_from_others(tmp_path: Path) -> None:
    """Sixty-four callers that read nothing, without any key, kept the service overloaded for as long as they liked."""
    guard, _ = service(tmp_path, LEADCAST_API_KEYS="k")
    held: list[int] = []

    async def send(_message: Message) -> None:
        held.append(guard.running)

    for credentials, status in ((b"", 401), (b"Bearer k", 200)):
        scope = {**SCOPE, "headers": [(b"host", b"localhost"), (b"authorization", credentials)]}
        asyncio.run(_call(guard, scope, send))
        assert held == [0, 0], status
        held.clear()


SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/v1/model",
    "query_string": b"",
    "client": ("127.0.0.1", 5000),
}


async def _call(app: Guard, scope: dict[str, Any], send: Send) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await app(scope, receive, send)


@pytest.mark.parametrize(
    "path", ["/livez", "/", "/v1/model", "/v1/leads/none", "/static/leadcast.css", "/nowhere"]
)
def test_head_is_answered_as_get_is(parts: tuple[Guard, Runtime], path: str) -> None:
    """Health probes and link checkers ask for the head alone."""
    client = caller(parts[0])
    head, whole = client.head(path), client.get(path)
    assert head.status_code == whole.status_code
    left_out = ("x-request-id",)
    assert {k: v for k, v in head.headers.items() if k not in left_out} == {
        k: v for k, v in whole.headers.items() if k not in left_out
    }


def test_head_needs_something_to_get(parts: tuple[Guard, Runtime]) -> None:
    client = caller(parts[0])
    assert client.head("/v1/score").status_code == 405
    assert client.delete("/v1/model").headers["allow"] == "GET, HEAD"


def test_a_key_is_limited_alone(tmp_path: Path) -> None:
    guard, _ = service(tmp_path, LEADCAST_API_KEYS="a,b", LEADCAST_RATE_LIMIT="0.01")
    first, second = (caller(guard, authorization=f"Bearer {key}") for key in "ab")
    assert first.get("/v1/model").status_code == 200
    answer = first.get("/v1/model")
    problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 100
    assert second.get("/v1/model").status_code == 200
    assert first.get("/livez").status_code == 200


def test_metrics_name_routes_and_never_paths(client: TestClient) -> None:
    client.post("/v1/score", json=LEAD)
    client.get("/v1/leads/canary")
    client.get("/canary")
    text = client.get("/metrics").text
    assert 'leadcast_request_seconds_count{method="POST",route="/v1/score",status="200"}' in text
    assert 'leadcast_model_info{model_version="7"} 1.0' in text
    assert 'leadcast_scores_total{grade="A",status="scored"}' in text
    assert "canary" not in text


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert not re.search(r"(src|href|action)=\"?(https?:)?//", page.text)
        assert "<script" not in page.text
        assert " style=" not in page.text
