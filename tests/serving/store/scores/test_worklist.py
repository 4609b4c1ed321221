"""The worklist: every open lead exactly once over all pages, in its order, by literal filters."""

from typing import Any

import pytest

from history.history import DAY_US
from serving.store.errors import InvalidCursor
from serving.store.scores.worklist import ORDERS, WorklistQuery, read_worklist_cursor, worklist
from serving.store.store import Store
from tests.builders.scored_store import CREATED_US, post, put, score_queued
from tests.builders.store_fakes import FakeModel, event, pages_of

pytest_plugins = ["tests.builders.store_fixtures"]
OWNERS = ("Ann", "Bob", "100%", "a_b")


@pytest.fixture
def scored(store: Store) -> Store:
    for i in range(12):
        put(store, f"L{i:02d}", CREATED_US + (i // 2) * DAY_US, owner=OWNERS[i % 4])
        post(store, *(event(f"{i}-{k}", f"L{i:02d}", {"kind": "call"}) for k in range(i % 3)))
    post(store, event("won", "L05", {"outcome": "won"}, "outcome"))
    score_queued(store, FakeModel())
    return store


def all_pages(store: Store, **options: Any) -> list[dict[str, Any]]:
    order = options.get("order", "expected_revenue")

    def read(cursor: str | None) -> tuple[Any, Any]:
        after = None if cursor is None else read_worklist_cursor(cursor, order)
        with store.engine.reading() as connection:
            page = worklist(connection, WorklistQuery(after=after, **options))
        return page.entries, page.next_cursor

    return list(pages_of(read))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 3, 11, 50])
def test_every_open_lead_is_listed_once(scored: Store, order: str, limit: int) -> None:
    entries = all_pages(scored, order=order, limit=limit)
    ids = [entry["lead_id"] for entry in entries]
    assert sorted(ids) == [f"L{i:02d}" for i in range(12) if i != 5]
    assert entries == all_pages(scored, order=order, limit=50)
    keys = [entry[order] for entry in entries]
    assert keys == sorted(keys, reverse=True)


def test_ties_are_newest_first(scored: Store) -> None:
    ids = [entry["lead_id"] for entry in all_pages(scored, order="created_at")]
    assert ids[:2] == ["L11", "L10"], "created at one instant, the later arrival first"


@pytest.mark.parametrize(
    ("q", "owners"), [("100%", {"100%"}), ("A_B", {"a_b"}), ("%", {"100%"}), ("l0", set(OWNERS))]
)
def test_search_is_literal_and_ignores_case(scored: Store, q: str, owners: set[str]) -> None:
    assert {entry["owner"] for entry in all_pages(scored, q=q)} == owners


def test_filters_are_joined(scored: Store) -> None:
    ids = [entry["lead_id"] for entry in all_pages(scored, owner="Ann", q="8")]
    assert ids == ["L08"]
    assert all_pages(scored, owner="ann") == []
    assert all_pages(scored, stage="new") == []


def test_cursor_of_another_order_is_refused(scored: Store) -> None:
    with scored.engine.reading() as connection:
        cursor = worklist(connection, WorklistQuery(limit=1)).next_cursor
    assert cursor is not None
    read_worklist_cursor(cursor, "expected_revenue")
    with pytest.raises(InvalidCursor):
        read_worklist_cursor(cursor, "probability")
