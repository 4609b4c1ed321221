"""PUT, GET and DELETE of stored leads over HTTP: answers and refusals."""

from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from history.text.times import format_time
from serving.api.cursors import read_page_cursor
from serving.api.leads import lead_documents
from serving.api.leads.lead_documents import LeadRequest, read_stored_leads
from serving.store.errors import DiskFull, StoreUnavailable
from tests.builders.service.lead_requests import CREATED, post, put, refresh
from tests.builders.service.store_fakes import NOW_US, Clock, FakeRuntime, event, pages_of

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_get_returns_the_lead_with_its_types(client: TestClient) -> None:
    attributes = {"n": 5, "x": 1.5, "name": "Zoë", "vip": True, "none": None}
    values: dict[str, Any] = {"owner": "Ann", "attributes": attributes}
    assert put(client, **values).status_code == 201
    assert put(client, **values).json() == {"lead_id": "a", "result": "unchanged", "warnings": []}
    assert put(client, attributes={"n": 6}).status_code == 200
    lead = client.get("/v1/leads/a").json()["lead"]
    assert lead == {
        "lead_id": "a",
        "created_at": CREATED,
        "account_id": None,
        "owner": "Ann",
        "source": None,
        "attributes": {"n": 6, "x": 1.5, "name": "Zoë", "vip": True},
        "name": "Zoë",
        "detail": None,
        "email": None,
        "phone": None,
        "url": None,
    }


@pytest.mark.parametrize("lead_id", ["summary", "history", "a"])
def test_slash_after_the_id_reads_a_lead_named_like_another_path(client: TestClient, lead_id: str) -> None:
    assert client.put(f"/v1/leads/{lead_id}", json={"created_at": CREATED, "owner": "Ann"}).status_code == 201
    assert client.get(f"/v1/leads/{lead_id}/").json()["lead"]["owner"] == "Ann"
    assert client.get("/v1/leads/nobody/").status_code == 404
    assert client.get(f"/v1/leads/{lead_id}//").status_code == 404
    assert "expected_wins" in client.get("/v1/leads/summary").json()
    assert client.delete(f"/v1/leads/{lead_id}").status_code == 204


def test_created_at_never_changes(client: TestClient) -> None:
    put(client)
    answer = client.put("/v1/leads/a", json={"created_at": "2026-04-01T08:00:01Z"})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert put(client, created_at="2026-04-01T10:00:00+02:00").status_code == 200


def test_get_scores_now_and_lists_the_newest_first(client: TestClient) -> None:
    put(client)
    calm = client.get("/v1/leads/a").json()["score"]["probability"]
    days = [f"2026-05-{day:02}T10:00:00Z" for day in range(1, 29)]
    post(client, *(event(day, "a", {"kind": "call", "value": 2.5}, occurred_at=day) for day in days))
    found = client.get("/v1/leads/a").json()
    assert found["score"]["probability"] > calm
    assert [entry["occurred_at"] for entry in found["timeline"]] == days[::-1]
    first = found["timeline"][0]
    assert (first["type"], first["data"]) == ("interaction", {"kind": "call", "value": 2.5})
    assert first["recorded_at"] > first["occurred_at"]


def test_leads_read_in_one_batch_equal_leads_read_alone(
    client: TestClient, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_documents, "clock_us", Clock())
    put(client, "a", owner="Ann")
    put(client, "later", created_at=format_time(NOW_US + 60_000_000))
    put(client, "b", attributes={"n": 1})
    put(client, "b", attributes={"n": 2})
    post(
        client,
        *(event(f"a{i}", "a", {"kind": "call"}) for i in range(103)),
        event("b", "b", {"kind": "mail"}),
    )
    cursor = read_page_cursor(client.get("/v1/leads/a").json()["next_cursor"], (int, int))
    asked = [
        LeadRequest(lead_id, runtime.watch.current, before)
        for lead_id, before in [
            ("b", None),
            ("a", None),
            ("gone", None),
            ("later", None),
            ("a", cursor),
            ("b", None),
        ]
    ]
    with runtime.stored.store.engine.reading() as connection:
        together = read_stored_leads(connection, asked)
        alone = [read_stored_leads(connection, [one])[0] for one in asked]
    assert together == alone
    shown = [one and msgspec.json.decode(one["timeline"]) for one in together]
    assert [None if entries is None else len(entries) for entries in shown] == [2, 100, None, 0, 3, 2]


def test_pages_of_a_timeline_are_stable_under_writes(client: TestClient) -> None:
    put(client)
    moment = "2026-05-01T10:00:00Z"
    post(client, *(event(str(i), "a", {"kind": f"k{i}"}, occurred_at=moment) for i in range(250)))
    sizes: list[int] = []

    def page(cursor: str | None) -> Any:
        found = client.get("/v1/leads/a", params={"cursor": cursor} if cursor else {}).json()
        sizes.append(len(found["timeline"]))
        post(client, event(f"late{len(sizes)}", "a", {"kind": "late"}))
        return found["timeline"], found["next_cursor"]

    kinds = [entry["data"]["kind"] for entry in pages_of(page)]
    assert sizes == [100, 100, 50]
    assert kinds == [f"k{i}" for i in reversed(range(250))]


@pytest.mark.parametrize(
    "lead_id", ["a/b", "a/history", "a\nb", "a/b\nc", "x y", "é", "50%", "?", "#", "..."]
)
def test_any_id_is_a_path(client: TestClient, lead_id: str) -> None:
    from urllib.parse import quote

    path = f"/v1/leads/{quote(lead_id, safe='')}"
    assert client.put(path, json={"created_at": CREATED}).status_code == 201
    assert client.get(path).json()["lead"]["lead_id"] == lead_id
    assert client.get(f"{path}/history").json() == {"history": [], "next_cursor": None}
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["%00", "%20", "a%00b", "x" * 201, "%ff"])
def test_an_invalid_id_is_refused(client: TestClient, path: str) -> None:
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/v1/leads/{path}").status_code == 422
    assert client.put(f"/v1/leads/{path}", json={"created_at": CREATED}).status_code == 422


def test_unknown_leads_are_404_everywhere(client: TestClient) -> None:
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/history"),
        ("GET", "/other"),
        ("GET", "/history/x"),
    ):
        answer = client.request(method, f"/v1/leads/nobody{path}")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert client.put("/v1/leads/a/history", json={}).status_code == 405


def test_a_history_lists_causes(client: TestClient, runtime: FakeRuntime) -> None:
    put(client)
    refresh(runtime)
    post(client, event("1", "a", {"kind": "call"}))
    refresh(runtime)
    newest, first = client.get("/v1/leads/a/history").json()["history"]
    assert (first["delta"], first["causes"]) == (0, [])
    assert newest["delta"] == newest["probability"] - first["probability"]
    assert sum(cause["points"] for cause in newest["causes"]) == pytest.approx(100 * newest["delta"])


def test_without_a_model_a_lead_has_no_score(client: TestClient, runtime: FakeRuntime) -> None:
    runtime.watch.current = None
    put(client)
    assert client.get("/v1/leads/a").json()["score"] is None
    assert client.get("/v1/leads").json() == {"leads": [], "next_cursor": None, "total": 0}


@pytest.mark.parametrize("outage", [StoreUnavailable("gone"), DiskFull("full")])
def test_an_outage_is_503_with_retry_after(
    client: TestClient, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch, outage: StoreUnavailable
) -> None:
    put(client)

    def fail(*_: Any) -> Any:
        raise outage

    monkeypatch.setattr(runtime.stored.store.engine, "writing", fail)
    for answer in (
        put(client, "b"),
        client.post("/v1/events", json={"events": []}),
        client.delete("/v1/leads/a"),
    ):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == str(outage.retry_after)
    assert client.get("/v1/leads/a").status_code == 200
    monkeypatch.setattr(runtime.stored.store.engine, "reading", fail)
    monkeypatch.setattr(runtime.stored.store.engine.single_reads, "rows", lambda *_, **__: None)
    assert client.get("/v1/leads/a").status_code == 503
    assert client.get("/v1/leads").status_code == 503


def test_metrics_show_size_and_queue(client: TestClient, runtime: FakeRuntime) -> None:
    put(client)
    found = {name: value for name, _, _, value in runtime.stored.gauges()}
    assert (found["leadcast_rescore_queue"], found["leadcast_leads"]) == (1, 1)
    assert (found["leadcast_store_bytes"] > 0) == (runtime.stored.store.engine.path is not None)
