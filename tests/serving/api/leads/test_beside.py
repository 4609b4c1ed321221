"""Notes, snoozes and calls over HTTP: kept as sent, refused with reasons, a call stored once."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.api.leads.beside import LONGEST_NOTE
from tests.builders.service.lead_requests import put
from tests.builders.service.service_client import caller, service

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_notes_are_kept_and_listed(client: TestClient) -> None:
    put(client)
    hostile = "<script>alert(1)</script> \u202e"
    answer = client.post("/v1/leads/a/notes", json={"text": f" {hostile} ", "author": "Ann"})
    assert answer.status_code == 200
    note = answer.json()
    assert (note["text"], note["author"]) == (hostile.strip(), "Ann")
    assert client.get("/v1/leads/a/notes").json() == {"notes": [note], "snoozed_until": None}
    assert client.delete("/v1/leads/a").status_code == 204
    put(client)
    assert client.get("/v1/leads/a/notes").json()["notes"] == []


@pytest.mark.parametrize(
    "body", [{}, [], {"text": " "}, {"text": "x" * (LONGEST_NOTE + 1)}, {"text": 5}, {"text": "a", "more": 1}]
)
def test_an_invalid_note_is_422(client: TestClient, body: Any) -> None:
    put(client)
    assert client.post("/v1/leads/a/notes", json=body).status_code == 422


def test_a_snooze_is_set_and_ended(client: TestClient) -> None:
    put(client)
    assert client.post("/v1/leads/a/snooze", json={"until": "2190-01-05"}).json() == {
        "snoozed_until": "2190-01-05T00:00:00Z"
    }
    assert client.get("/v1/leads/a/notes").json()["snoozed_until"] == "2190-01-05T00:00:00Z"
    assert client.post("/v1/leads/a/snooze", json={"until": None}).json() == {"snoozed_until": None}
    assert client.get("/v1/leads/a/notes").json()["snoozed_until"] is None
    for until in ("2020-01-01", "soon", 5):
        answer = client.post("/v1/leads/a/snooze", json={"until": until})
        assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "until"])


def test_a_call_is_an_outbound_interaction_once(client: TestClient) -> None:
    put(client)
    results = [
        client.post("/v1/leads/a/calls", json={"event_id": "c", "value": 13}).json()["result"]
        for _ in range(2)
    ]
    assert results == ["stored", "duplicate"]
    (entry,) = client.get("/v1/leads/a").json()["timeline"]
    assert entry["event_id"] == "c"
    assert entry["data"] == {"kind": "call", "direction": "outbound", "value": 13.0}
    retract = {"corrections": [{"event_id": "c", "action": "retract"}]}
    assert client.post("/v1/corrections", json=retract).json()["accepted"] == 1
    assert client.get("/v1/leads/a").json()["timeline"] == []


def test_an_invalid_call_is_refused(client: TestClient) -> None:
    put(client)
    ahead = {"event_id": "c", "occurred_at": "2190-01-01T00:00:00Z"}
    bodies: list[Any] = [{}, {"event_id": " "}, {"event_id": "c", "value": "x"}, ahead]
    for body in bodies:
        assert client.post("/v1/leads/a/calls", json=body).status_code == 422


def test_unknown_leads_have_nothing_beside_them(client: TestClient) -> None:
    assert client.get("/v1/leads/x/notes").status_code == 404
    bodies = {"notes": {"text": "t"}, "snooze": {"until": None}, "calls": {"event_id": "c"}}
    for part, body in bodies.items():
        assert client.post(f"/v1/leads/x/{part}", json=body).status_code == 404


def test_an_id_that_ends_like_a_part_is_a_lead(client: TestClient) -> None:
    put(client, "a%2Fnotes")
    assert client.get("/v1/leads/a%2Fnotes").json()["lead"]["lead_id"] == "a/notes"
    assert client.post("/v1/leads/a%2Fnotes/notes", json={"text": "t"}).status_code == 200
    assert len(client.get("/v1/leads/a%2Fnotes/notes").json()["notes"]) == 1
    assert client.post("/v1/leads/a%2Fnotes", json={"text": "t"}).status_code == 404


def test_writing_beside_a_lead_needs_the_scope_ingest(tmp_path: Any) -> None:
    keys = "reader:read,scorer:score,writer:ingest"
    guard, runtime = service(tmp_path, LEADCAST_API_KEYS=keys)
    statuses = {}
    for key in ("reader", "scorer", "writer"):
        client = caller(guard, authorization=f"Bearer {key}")
        parts = ("notes", "snooze", "calls", "what-if")
        statuses[key] = [client.post(f"/v1/leads/x/{part}", json={"until": 5}).status_code for part in parts]
    runtime.stored.store.close()
    assert statuses["reader"] == [403] * 4
    assert statuses["scorer"] == [403, 403, 403, 422]
    assert statuses["writer"] == [422, 422, 422, 403]
