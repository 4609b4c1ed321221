"""An application over a store, with a scorer that is plain arithmetic."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.api.leads import lead_documents
from tests.builders.service.store_fakes import FakeModel, FakeRuntime, application, fake_score_parts


@pytest.fixture
def runtime(tmp_path: Path, store_url: str | None, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    monkeypatch.setattr(lead_documents, "score_parts", fake_score_parts)
    return FakeRuntime(tmp_path, FakeModel(), store_url)


@pytest.fixture
def client(runtime: FakeRuntime) -> Iterator[TestClient]:
    with TestClient(application(runtime), client=("127.0.0.1", 1)) as client:
        yield client
