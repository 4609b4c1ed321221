"""POST what-if: the effect of a real event to the bit, reasons that add up, strict reading, and nothing kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from history.text.times import format_time
from models.bundle import Bundle
from models.home.pointer import champion
from serving.base.clock import clock_us
from serving.store import schema as db
from tests.builders.service.lead_requests import CREATED
from tests.builders.service.service_client import caller
from tests.builders.service.store_fakes import FakeRuntime, application, event
from tests.builders.service.usual_lead import ATTRIBUTES

CALL = {"kind": "call", "channel": "phone", "direction": "outbound", "value": 6.0}


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    bundle = champion(trained_home)
    assert bundle is not None
    return bundle


@pytest.fixture
def runtime(tmp_path: Path, bundle: Bundle) -> FakeRuntime:
    return FakeRuntime(tmp_path / "home", bundle)


@pytest.fixture
def client(runtime: FakeRuntime) -> Iterator[TestClient]:
    with caller(application(runtime)) as client:
        for lead_id in ("a", "copy"):
            put(client, lead_id)
        yield client


def put(client: TestClient, lead_id: str) -> None:
    owner = ATTRIBUTES["owner"]
    attributes = {name: value for name, value in ATTRIBUTES.items() if name not in ("owner", "source")}
    body = {"created_at": CREATED, "owner": owner, "source": ATTRIBUTES["source"], "attributes": attributes}
    assert client.put(f"/v1/leads/{lead_id}", json=body).status_code == 201
    events = [
        event(f"{lead_id}1", unquote(lead_id), {"stage": "qualified"}, "stage"),
        event(
            f"{lead_id}2",
            unquote(lead_id),
            {"kind": "email_open", "channel": "email", "direction": "inbound"},
        ),
    ]
    assert client.post("/v1/events", json={"events": events}).json()["accepted"] == 2


def ask(client: TestClient, body: Any, lead_id: str = "a") -> Any:
    return client.post(f"/v1/leads/{lead_id}/what-if", json=body)


def everything(runtime: FakeRuntime) -> list[Any]:
    with runtime.stored.store.engine.reading() as connection:
        return [list(connection.execute(select(table))) for table in db.metadata.sorted_tables]


@pytest.mark.parametrize(
    ("added", "kind", "data"),
    [
        ({"interactions": [CALL]}, "interaction", CALL),
        ({"stages": [{"stage": "proposal"}]}, "stage", {"stage": "proposal"}),
        (
            {"attributes": {"seats": 90, "owner": "Bob"}},
            "attributes",
            {"seats": 90, "owner": "Bob"},
        ),
    ],
)
def test_a_real_event_has_the_same_effect_to_the_bit(
    client: TestClient, added: dict[str, Any], kind: str, data: dict[str, Any]
) -> None:
    at = format_time(clock_us())
    times = {"interactions": "occurred_at", "stages": "entered_at"}
    for name, own_time in times.items():
        if name in added:
            added = {name: [{**row, own_time: at} for row in added[name]]}
    real_event = event("x", "copy", data, kind, occurred_at=at)
    assert client.post("/v1/events", json={"events": [real_event]}).json()["accepted"] == 1
    as_of = format_time(clock_us() + 3_600_000_000)
    imagined = ask(client, {**added, "as_of": as_of}).json()
    real = ask(client, {"as_of": as_of}, "copy").json()
    for key in set(real["before"]) - {"lead_id"}:
        assert imagined["after"][key] == real["before"][key], key
    assert real["change"] == []
    assert imagined["before"]["probability"] != imagined["after"]["probability"]


def test_reasons_that_moved_add_up_and_nothing_is_kept(client: TestClient, runtime: FakeRuntime) -> None:
    before = everything(runtime)
    document = client.get("/v1/leads/a").json()
    now = format_time(clock_us())
    row = {**CALL, "occurred_at": now}
    answer = ask(client, {"interactions": [row], "attributes": {"seats": 5}})
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert set(result) == {"before", "after", "change"}
    move = result["after"]["probability"] - result["before"]["probability"]
    assert sum(reason["points"] for reason in result["change"]) == pytest.approx(100 * move, abs=1e-9)
    assert {"attr_seats", "interactions_count"} <= {reason["feature"] for reason in result["change"]}
    sizes = [abs(reason["points"]) for reason in result["change"]]
    assert sizes == sorted(sizes, reverse=True)
    assert result["before"]["name"] == document["score"]["name"]
    assert everything(runtime) == before


def test_every_problem_is_listed_at_once(client: TestClient) -> None:
    body = {
        "attributes": {"seats": {}},
        "interactions": [{"kind": 5, "occurred_at": "2026-05-01T10:00:00Z"}, {"occurred_at": "soon"}],
        "stages": {},
        "more": 1,
    }
    answer = ask(client, body)
    assert answer.status_code == 422
    places = [tuple(problem["loc"]) for problem in answer.json()["errors"]]
    assert set(places) >= {
        ("body", "attributes", "seats"),
        ("body", "interactions", 0, "kind"),
        ("body", "interactions", 1, "kind"),
        ("body", "stages"),
        ("body", "more"),
    }


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([], ["body"]),
        ({"interactions": [{"kind": "call", "occurred_at": "2199-01-01T00:00:00Z"}]}, ["body", "interactions"]),
        ({"stages": [{"stage": "new", "entered_at": "2026-02-30T00:00:00Z"}]}, ["body", "stages", 0, "entered_at"]),
        ({"as_of": "yesterday"}, ["body", "as_of"]),
        ({"as_of": "2020-01-01"}, ["body", "created_at"]),
        ({"attributes": {"lead_id": "x"}}, ["body", "attributes", "lead_id"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(client: TestClient, body: Any, place: list[Any]) -> None:
    answer = ask(client, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == place


def test_too_many_rows_and_unknown_leads_are_refused(client: TestClient, runtime: FakeRuntime) -> None:
    row = {"kind": "call", "occurred_at": "2026-05-01T10:00:00Z"}
    assert ask(client, {"interactions": [row] * 10_001}).status_code == 413
    assert ask(client, {}, "nobody").status_code == 404
    assert client.get("/v1/leads/a/what-if").status_code in (404, 405)
    runtime.watch.current = None
    assert ask(client, {}).status_code == 503


def test_a_known_interaction_id_adds_nothing(client: TestClient) -> None:
    row = {**CALL, "occurred_at": format_time(clock_us()), "interaction_id": "i"}
    as_of = format_time(clock_us() + 60_000_000)
    once, twice = (ask(client, {"interactions": [row] * n, "as_of": as_of}).json() for n in (1, 2))
    assert once["after"]["probability"] == twice["after"]["probability"]


def test_an_id_that_ends_like_the_path_is_a_lead(client: TestClient) -> None:
    put(client, "a%2Fwhat-if")
    assert ask(client, {}, "a%2Fwhat-if").status_code == 200
    assert client.get("/v1/leads/a%2Fwhat-if").json()["lead"]["lead_id"] == "a/what-if"
    assert client.post("/v1/leads/a%2Fwhat-if", json={}).status_code == 404
