"""The whole application behind its guard, with a fake model."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import serving.api.scores
from serving.http.guard import Guard
from serving.runtime import Runtime
from tests.builders.service.service_client import caller, fake_records, service


@pytest.fixture
def fake_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Guard, Runtime]]:
    monkeypatch.setattr(serving.api.scores, "score_leads", fake_records)
    guard, runtime = service(tmp_path)
    yield guard, runtime
    runtime.stored.store.close()


@pytest.fixture
def fake_client(fake_service: tuple[Guard, Runtime]) -> TestClient:
    return caller(fake_service[0])
