"""Requests about stored leads, as a client sends them."""

from typing import Any

from starlette.testclient import TestClient

from serving.store.scores.rescoring.changed_leads import rescore_dirty
from tests.builders.service.store_fakes import FakeRuntime, fake_score

CREATED = "2026-04-01T08:00:00Z"


def put(client: TestClient, lead_id: str = "a", **values: Any) -> Any:
    """PUT of a lead created at CREATED."""
    return client.put(f"/v1/leads/{lead_id}", json={"created_at": CREATED, **values})


def post(client: TestClient, *events: dict[str, Any]) -> Any:
    """The answer to a POST of these events."""
    answer = client.post("/v1/events", json={"events": list(events)})
    assert answer.status_code == 200
    return answer.json()


def refresh(runtime: FakeRuntime) -> None:
    """Scores every lead that waits for a new score."""
    while rescore_dirty(runtime.stored.store, runtime.watch.current, score=fake_score):
        pass
