"""The guard: ids, access, limits, headers, errors, metrics and log lines of every request."""

import asyncio
import errno
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message, Send

import serving.api.scores
from serving.base.json_logs import JsonFormatter
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.service_client import LEAD, caller, problem, service


def test_an_unexpected_error_reveals_nothing(
    fake_service: tuple[Guard, Runtime], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("canary")

    monkeypatch.setattr(serving.api.scores, "score_leads", fail)
    caplog.set_level(logging.INFO, "leadcast")
    answer = caller(fake_service[0]).post("/v1/score", json=LEAD)
    assert "canary" not in answer.text
    problem(answer, 500)
    lines = [JsonFormatter().format(r) for r in caplog.records]
    assert any("RuntimeError" in line and "test_guard.py" in line for line in lines)
    assert "canary" not in "".join(lines)


@pytest.mark.parametrize(
    "want", [MemoryError(), OSError(errno.EMFILE, "many"), OSError(errno.ENOMEM, "much")]
)
def test_exhausted_memory_or_files_are_503(
    fake_service: tuple[Guard, Runtime], monkeypatch: pytest.MonkeyPatch, want: Exception
) -> None:
    def fail(*_: Any) -> Any:
        raise want

    monkeypatch.setattr(serving.api.scores, "score_leads", fail)
    answer = caller(fake_service[0]).post("/v1/score", json=LEAD)
    assert problem(answer, 503)["type"].endswith("overloaded")
    assert answer.headers["retry-after"] == "1"


def test_no_value_of_a_request_reaches_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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


def test_a_request_id_is_the_clients_or_new(fake_client: TestClient) -> None:
    assert (
        fake_client.get("/livez", headers={"x-request-id": "abc-1.2_3"}).headers["x-request-id"]
        == "abc-1.2_3"
    )
    for strange in ("a b", "x" * 101, "<script>", ""):
        given = fake_client.get("/livez", headers={"x-request-id": strange}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", given)


def test_every_answer_has_security_headers(fake_client: TestClient) -> None:
    for path in ("/livez", "/v1/model", "/", "/docs", "/nothing", "/static/leadcast.css"):
        headers = fake_client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "x-request-id" in headers


def test_with_keys_every_path_but_a_few_needs_one(tmp_path: Path) -> None:
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS="k:read")
    client = caller(guard, "10.0.0.1")
    paths = [
        *runtime_paths(client),
        "/",
        "/docs",
        "/nothing",
        "/schema.json",
        "/docs.json",
    ]
    for path in paths:
        assert client.get(path).status_code == (200 if path in ("/livez", "/readyz") else 401), path
    assert client.get("/static/leadcast.css").status_code == client.get("/signin").status_code == 200
    authorized = caller(guard, "10.0.0.1", authorization="Bearer k")
    assert authorized.get("/v1/model").status_code == 200
    problem(authorized.post("/v1/score", json=LEAD), 403)
    runtime.stored.store.close()


def runtime_paths(client: TestClient) -> list[str]:
    app: Any = client.app
    return [path.replace("{lead_id}", "x") for path in app.app.app.state.openapi["paths"]]


def test_without_keys_other_machines_get_health_only(tmp_path: Path) -> None:
    client = caller(service(tmp_path)[0], "10.0.0.1")
    problem(client.get("/v1/model"), 403)
    assert client.get("/livez").status_code == 200


def test_overload_is_answered_at_once_and_passes(fake_service: tuple[Guard, Runtime]) -> None:
    guard = fake_service[0]
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


SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/v1/model",
    "query_string": b"",
    "client": ("127.0.0.1", 5000),
}


def test_a_slow_or_keyless_client_takes_no_place(tmp_path: Path) -> None:
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


async def _call(app: Guard, scope: dict[str, Any], send: Send) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await app(scope, receive, send)


def test_each_key_has_its_own_limit(tmp_path: Path) -> None:
    guard, _ = service(tmp_path, LEADCAST_API_KEYS="a,b", LEADCAST_RATE_LIMIT="0.01")
    first, second = (caller(guard, authorization=f"Bearer {key}") for key in "ab")
    assert first.get("/v1/model").status_code == 200
    answer = first.get("/v1/model")
    problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 100
    assert second.get("/v1/model").status_code == 200
    assert first.get("/livez").status_code == 200


def test_metrics_name_routes_and_never_paths(fake_client: TestClient) -> None:
    fake_client.post("/v1/score", json=LEAD)
    fake_client.get("/v1/leads/canary")
    fake_client.get("/canary")
    text = fake_client.get("/metrics").text
    assert 'leadcast_request_seconds_count{method="POST",route="/v1/score",status="200"}' in text
    assert 'leadcast_model_info{model_version="7"} 1.0' in text
    assert 'leadcast_scores_total{grade="A",status="scored"}' in text
    assert "canary" not in text


@pytest.mark.parametrize(
    ("path", "ancestors"),
    [
        ("/leads/x?panel=1", "https://crm.example https://*.b.example:8443"),
        ("/signin?to=%2Fleads%2Fx&panel=1", "https://crm.example https://*.b.example:8443"),
        ("/leads/x", "'none'"),
        ("/leads/x?panel=12", "'none'"),
        ("/?panel=1", "'none'"),
        ("/v1/leads/x?panel=1", "'none'"),
    ],
)
def test_only_the_panel_may_be_framed(tmp_path: Path, path: str, ancestors: str) -> None:
    setting = "https://crm.example https://*.b.example:8443"
    guard, runtime = service(tmp_path, LEADCAST_FRAME_ANCESTORS=setting, LEADCAST_API_KEYS="k")
    bearer = {} if path.startswith("/signin") else {"authorization": "Bearer k"}
    answer = caller(guard, **bearer).get(path, headers={"accept": "text/html"})
    assert answer.headers["content-security-policy"].endswith(f"frame-ancestors {ancestors}")
    runtime.stored.store.close()


def test_signing_in_needs_no_token_of_the_rate_limit(tmp_path: Path) -> None:
    client = caller(service(tmp_path, LEADCAST_API_KEYS="k", LEADCAST_RATE_LIMIT="0.01")[0])
    for path in ("/signin", "/static/leadcast.css", "/signin"):
        assert client.get(path).status_code == 200
