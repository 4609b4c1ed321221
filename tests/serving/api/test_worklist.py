"""The worklist: filters, orders, pages, and invalid queries."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.store.scores.worklist.selection import ORDERS
from tests.builders.service.lead_requests import post, put, refresh
from tests.builders.service.store_fakes import FakeRuntime, event, pages_of

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.mark.parametrize(
    "query",
    [
        "order=size",
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=x",
        "cursor=WzEsMl0",
        "grade=Z",
        "grade=A&grade=Z",
        "order=probability&order=change",
        "attention=loud",
        "format=xlsx",
        "reverse=maybe",
        "orders=probability",
        "q=%00",
    ],
)
def test_a_bad_query_is_422(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/leads?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == "query"


def test_the_worklist_filters_and_pages(client: TestClient, runtime: FakeRuntime) -> None:
    for i in range(30):
        put(
            client,
            f"lead{i}",
            owner="Ann" if i % 3 else "Bob",
            attributes={"company": f"Große Firma {i % 2}"},
        )
        post(client, *(event(f"{i}-{k}", f"lead{i}", {"kind": "call"}) for k in range(i)))
        if i % 2:
            post(client, event(f"{i}-s", f"lead{i}", {"stage": "new"}, "stage"))
    post(client, event("won", "lead29", {"outcome": "won"}, "outcome"))
    refresh(runtime)

    def ids(**query: Any) -> list[str]:
        def page(cursor: str | None) -> Any:
            asked = {**query, "limit": 7, **({"cursor": cursor} if cursor else {})}
            found = client.get("/v1/leads", params=asked).json()
            return found["leads"], found["next_cursor"]

        return [entry["lead_id"] for entry in pages_of(page)]

    everyone = {f"lead{i}" for i in range(29)}
    for order in ("expected_revenue", "probability", "created_at"):
        found = ids(order=order)
        assert len(found) == 29
        assert set(found) == everyone
    chances = [entry["probability"] for entry in client.get("/v1/leads").json()["leads"]]
    assert chances == sorted(chances, reverse=True)
    assert set(ids(grade="", stage="", owner="", q="")) == everyone, "an empty filter lets everything through"
    assert set(ids(owner="Bob")) == {f"lead{i}" for i in range(0, 29, 3)}
    assert set(ids(stage="new")) == {f"lead{i}" for i in range(1, 29, 2)}
    assert set(ids(q="GROSSE FIRMA 1")) == {f"lead{i}" for i in range(1, 29, 2)}
    assert ids(q="100%") == ids(q="lead_") == []
    assert set(ids(grade="A")) | set(ids(grade="d")) == everyone
    assert ids(owner="nobody") == ids(stage="nowhere") == [], "a value that nobody has is no error"
    assert ids(grade="A", owner="Bob", q="lead27") == ["lead27"]


def test_a_cursor_belongs_to_its_order(client: TestClient, runtime: FakeRuntime) -> None:
    for i in range(3):
        put(client, str(i))
    refresh(runtime)
    cursor = client.get("/v1/leads?limit=1&order=probability").json()["next_cursor"]
    assert (
        client.get("/v1/leads", params={"limit": 1, "order": "created_at", "cursor": cursor}).status_code
        == 422
    )


def test_an_unknown_grade_names_the_grades(client: TestClient) -> None:
    answer = client.get("/v1/leads?grade=Z&order=size")
    assert answer.json()["errors"] == [
        {"loc": ["query", "grade"], "msg": "expected A, B, C, D"},
        {"loc": ["query", "order"], "msg": f"expected {', '.join(ORDERS)}"},
    ]
