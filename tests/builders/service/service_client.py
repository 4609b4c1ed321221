"""The service in the test's process: the whole application behind its guard, with a fake model."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message

from features.feature import Feature
from features.interactions.interactions import InteractionVocabulary
from history.config.config import FunnelConfig
from models.doubts.lead_values import value_check
from models.reasons.evidence import Evidence
from serving.application import build_app, guarded
from serving.base.settings import Settings, read_settings
from serving.http.guard import Guard
from serving.runtime import Runtime

LEAD = {"lead_id": "L1", "created_at": "2026-01-02T03:04:05Z"}


class FakeBundle:
    """The part of a bundle that routes use."""

    version = "7"
    trained_through_us = 0
    config = FunnelConfig(timezone="Europe/Berlin")
    vocabulary = SimpleNamespace(interactions=InteractionVocabulary(), reads_accounts=False)
    values = value_check([], [], ())
    features: tuple[Feature, ...] = ()
    evidence = Evidence()

    def describe(self) -> dict[str, Any]:
        return {
            "model_version": self.version,
            "base_probability": 0.1,
            "horizon_days": 90,
            "trained_through": "2026-01-01T00:00:00Z",
            "metrics": {"auc": 0.8},
            "features": [],
            "calibration": [],
        }


def record(lead_id: str, as_of_us: int, reasons: int | None) -> dict[str, Any]:
    """A score record with every field."""
    reason = {"feature": "f", "label": "because", "value": 1.5, "direction": "up", "points": 2.0}
    return {
        "lead_id": lead_id,
        "status": "scored",
        "stage": None,
        "as_of": str(as_of_us),
        "probability": 0.1 + 0.2,
        "probability_low": 0.1,
        "probability_high": 0.5,
        "horizon_days": 90,
        "score": 91.5,
        "grade": "A",
        "expected_amount": None,
        "expected_amount_low": None,
        "expected_amount_high": None,
        "expected_revenue": None,
        "currency": None,
        "expected_close_date": None,
        "baseline_probability": 0.2,
        "reasons": [reason] * (8 if reasons is None else reasons),
        "model_version": "7",
        "name": None,
        "rank": None,
        "warnings": [{"code": "c", "subject": "s", "detail": "d"}],
    }


def fake_records(
    bundle: Any, leads: Sequence[Any], as_of_us: int, now_us: int, reasons: int | None
) -> list[dict[str, Any]]:
    return [record(lead["lead_id"], as_of_us, reasons) for lead in leads]


def service(home: Path, *, model: bool = True, **environment: str) -> tuple[Guard, Runtime]:
    """The guarded application of a home, with settings from the given environment."""
    settings: Settings = read_settings({"LEADCAST_HOME": str(home), "LEADCAST_LOG": "off", **environment})
    runtime = Runtime(settings)
    if model:
        runtime.watch.current = FakeBundle()  # type: ignore[assignment]
    app = build_app(runtime)
    return guarded(app, runtime.settings), runtime


def problem(response: Any, status: int) -> dict[str, Any]:
    """The members of an answer that is a problem of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


def caller(app: ASGIApp, peer: str = "127.0.0.1", **headers: str) -> TestClient:
    return TestClient(app, client=(peer, 5000), headers=headers, raise_server_exceptions=False)


def exchange(
    app: ASGIApp,
    path: str,
    chunks: Iterable[bytes],
    headers: Sequence[tuple[bytes, bytes]],
    method: str = "POST",
) -> tuple[int, bytes, int]:
    """Sends one request with a body of these chunks; returns status, body and the number of chunks read."""
    taken = 0
    body_chunks = list(chunks)

    async def receive() -> Message:
        nonlocal taken
        if taken == len(body_chunks):
            return {"type": "http.disconnect"}
        taken += 1
        return {"type": "http.request", "body": body_chunks[taken - 1], "more_body": taken < len(body_chunks)}

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(path.partition("?")[0]),
        "raw_path": path.partition("?")[0].encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": path.partition("?")[2].encode(),
        "headers": list(headers),
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 3000),
    }
    asyncio.run(_call(app, scope, receive, send))
    status = next((m["status"] for m in messages if m["type"] == "http.response.start"), 0)
    body = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
    return status, body, taken


async def _call(app: ASGIApp, scope: Any, receive: Any, send: Any) -> None:
    await app(scope, receive, send)
