"""Health, metrics and the model in use: ready only with a model and a store."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.service_client import FakeBundle, caller, problem, service


def test_model_is_described_with_a_refused_one(fake_client: TestClient) -> None:
    body = fake_client.get("/v1/model").json()
    assert body.items() >= {**FakeBundle().describe(), "refused": None, "versions": []}.items()


def test_process_is_alive_without_model_and_store(tmp_path: Path) -> None:
    guard, runtime = service(tmp_path, model=False)
    assert caller(guard).get("/livez").json() == {"status": "alive"}
    runtime.stored.store.close()


@pytest.mark.parametrize(
    ("has_model", "has_store", "status"),
    [(True, True, "ready"), (False, True, "no_model"), (True, False, "no_store"), (False, False, "no_model")],
)
def test_readiness_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_model: bool, has_store: bool, status: str
) -> None:
    async def answers(_self: Runtime) -> bool:
        return has_store

    monkeypatch.setattr(Runtime, "store_answers", answers)
    guard, runtime = service(tmp_path, model=has_model)
    answer = caller(guard).get("/readyz")
    assert answer.status_code == (200 if status == "ready" else 503)
    assert answer.json()["status"] == status
    assert answer.json()["model_version"] == ("7" if has_model else None)
    assert answer.json()["store"] == ("available" if has_store else "unavailable")
    runtime.stored.store.close()


def test_metrics_are_text_and_count_the_request_before(fake_client: TestClient) -> None:
    fake_client.get("/livez")
    text = fake_client.get("/metrics").text
    assert 'leadcast_request_seconds_count{method="GET",route="/livez",status="200"}' in text


def test_description_is_the_document_of_the_application(fake_service: tuple[Guard, Runtime]) -> None:
    document = caller(fake_service[0]).get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "/readyz" in document["paths"]


def test_unknown_query_of_the_model_is_a_problem(fake_client: TestClient) -> None:
    problem(fake_client.get("/v1/model?x=1"), 422)
