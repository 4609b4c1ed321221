"""POST /v1/corrections: the lead, its timeline and the counts follow; problems are located in the request."""

from typing import Any

from starlette.testclient import TestClient

from tests.builders.service.lead_requests import post, put, refresh
from tests.builders.service.store_fakes import FakeRuntime, event

pytest_plugins = ["tests.builders.service.store_fixtures"]


def correct(client: TestClient, *corrections: Any) -> Any:
    answer = client.post("/v1/corrections", json={"corrections": list(corrections)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def stages(client: TestClient) -> list[str]:
    timeline = client.get("/v1/leads/a").json()["timeline"]
    return [entry["data"]["stage"] for entry in timeline if entry["type"] == "stage"]


def test_timeline_and_score_follow_a_correction(client: TestClient, runtime: FakeRuntime) -> None:
    put(client)
    post(client, event("1", "a", {"stage": "Propsal"}, "stage"), event("2", "a", {"stage": "new"}, "stage"))
    refresh(runtime)
    before = client.get("/v1/leads").json()["leads"][0]["probability"]
    answer = correct(
        client,
        {"event_id": "1", "action": "replace", "data": {"stage": "Proposal"}},
        {"event_id": "2", "action": "retract"},
    )
    assert answer == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert stages(client) == ["Proposal"]
    refresh(runtime)
    assert client.get("/v1/leads").json()["leads"][0]["probability"] < before


def test_problems_are_located_in_the_request(client: TestClient) -> None:
    put(client)
    post(client, event("1", "a", {"stage": "new"}, "stage"))
    answer = correct(
        client,
        {"event_id": "1", "action": "replace", "data": {"stage": 5}},
        {"event_id": "1", "action": "replace", "occurred_at": "2026-02-30T00:00:00Z"},
        {"event_id": "1", "action": "replace", "data": {"stage": "x"}, "reason": "typing error"},
        {"event_id": "zz", "action": "retract"},
        {"action": "retract"},
        7,
    )
    locations = [(entry["index"], entry["errors"][0]["loc"][1:]) for entry in answer["rejected"]]
    assert locations == [
        (0, ["corrections", 0, "data", "stage"]),
        (1, ["corrections", 1, "occurred_at"]),
        (2, ["corrections", 2, "reason"]),
        (3, ["corrections", 3, "event_id"]),
        (4, ["corrections", 4, "event_id"]),
        (5, ["corrections", 5]),
    ]
    assert stages(client) == ["new"]


def test_a_request_of_another_form_is_422(client: TestClient) -> None:
    bodies: list[Any] = [[], {"corrections": {}}, {"corrections": [], "more": 1}, {}]
    for body in bodies:
        assert client.post("/v1/corrections", json=body).status_code == 422
    assert client.post("/v1/corrections", json={"corrections": [{}] * 1001}).status_code == 413
