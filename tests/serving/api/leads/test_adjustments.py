"""Manual adjustments over HTTP: kept as sent, refused with reasons, beside a forecast that stays as it is."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.http.access import required_scope
from tests.builders.service.lead_requests import put

pytest_plugins = ["tests.builders.service.store_fixtures"]
PATH = "/v1/forecast/adjustments"
JUNE = {"period": "month", "period_start": "2026-06-01"}


def test_adjustment_is_kept_with_who_and_when(client: TestClient) -> None:
    put(client)
    hostile = "<script>alert(1)</script>"
    answer = client.post(
        PATH, json={**JUNE, "lead_id": "a", "revenue": 5, "note": f" {hostile} ", "author": "Ann"}
    )
    assert answer.status_code == 200
    record = answer.json()
    assert (record["lead_id"], record["revenue"], record["note"], record["author"]) == (
        "a",
        5.0,
        hostile,
        "Ann",
    )
    assert record["is_current"]
    assert client.get(PATH).json() == {"adjustments": [record]}
    assert client.get(f"{PATH}?period=week").json() == {"adjustments": []}
    assert client.delete("/v1/leads/a").status_code == 204
    assert client.get(PATH).json() == {"adjustments": []}


def test_without_figures_an_adjustment_is_withdrawn(client: TestClient) -> None:
    client.post(PATH, json={**JUNE, "revenue": 5})
    client.post(PATH, json=JUNE)
    current = [one for one in client.get(PATH).json()["adjustments"] if one["is_current"]]
    assert [one["revenue"] for one in current] == [None]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({**JUNE, "revenue": -1}, "revenue"),
        ({**JUNE, "wins": "many"}, "wins"),
        ({**JUNE, "note": "x" * 1001}, "note"),
        ({**JUNE, "note": "a\0b"}, "body"),
        ({"period": "month", "period_start": "2026-06-02"}, "period_start"),
        ({"period": "week", "period_start": "2026-06-02"}, "period_start"),
        ({"period": "month", "period_start": "June"}, "period_start"),
        ({"period": "year", "period_start": "2026-01-01"}, "period"),
        ({"period": "month"}, "period_start"),
    ],
)
def test_an_invalid_adjustment_is_422(client: TestClient, body: dict[str, Any], place: str) -> None:
    answer = client.post(PATH, json=body)
    assert answer.status_code == 422
    assert any(place in error["loc"] for error in answer.json()["errors"])


def test_unknown_lead_is_404(client: TestClient) -> None:
    assert client.post(PATH, json={**JUNE, "lead_id": "x", "wins": 1}).status_code == 404


def test_adjusting_needs_scope_score() -> None:
    assert (required_scope("POST", PATH), required_scope("GET", PATH)) == ("score", "read")
