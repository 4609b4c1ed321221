"""An application with one stored and scored lead of a hostile name in a hostile stage."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from models.bundle import Bundle
from models.pointer import load_champion, read_pointer
from serving.store.scores.rescoring import rescore_dirty
from tests.builders.page_paths import HOSTILE
from tests.builders.service_client import caller
from tests.builders.store_fakes import FakeRuntime, application, event


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture
def client(tmp_path: Path, bundle: Bundle) -> Iterator[TestClient]:
    runtime = FakeRuntime(tmp_path / "home", bundle)
    with caller(application(runtime)) as client:
        attributes = {HOSTILE: HOSTILE, "seats": 12}
        lead = {"created_at": "2026-05-01T08:00:00Z", "owner": HOSTILE, "attributes": attributes}
        assert client.put(f"/v1/leads/{quote(HOSTILE, safe='')}", json=lead).status_code == 201
        events = [
            event("e1", HOSTILE, {"stage": HOSTILE}, "stage"),
            event("e2", HOSTILE, {"kind": HOSTILE, "channel": HOSTILE}),
            event("e3", HOSTILE, {HOSTILE: None, "seats": 3}, "attributes"),
        ]
        assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 3
        rescore_dirty(runtime.stored.store, bundle)
        yield client
