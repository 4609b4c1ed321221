"""Stored leads with their rows: one lead cut out, cuts at a row, and any set of leads by the cheapest query."""

from typing import Any

import pytest

from serving.store.leads.lead_rows import (
    Cut,
    FactQueries,
    LeadRows,
    find_leads,
    rows_of,
    scalar_text,
    scalar_value,
)
from serving.store.schema import CONTENT, LEAD_NO, ROW_NO, interactions
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import event

pytest_plugins = ["tests.builders.service.store_fixtures"]
IDS = ("a", "b", "c", "d")


@pytest.fixture
def stored(store: Store) -> Store:
    for lead_id in IDS:
        put(store, lead_id)
    for i, lead_id in enumerate("abcdab"):
        post(store, event(f"e{i}", lead_id, {"kind": f"k{i}"}))
    return store


def read(store: Store, *lead_ids: str) -> LeadRows:
    with store.engine.reading() as connection:
        leads = find_leads(connection, lead_ids)
        return rows_of(connection, [leads[lead_id] for lead_id in lead_ids])


def kinds(rows: LeadRows) -> list[tuple[Any, Any]]:
    columns = rows.tables["interactions"]
    return list(zip(columns[LEAD_NO], columns[CONTENT], strict=True))


@pytest.mark.parametrize("lead_ids", [("a",), ("b", "c"), ("d", "a"), ("a", "b", "c", "d"), ()])
def test_rows_are_those_of_the_leads_alone(stored: Store, lead_ids: tuple[str, ...]) -> None:
    everyone = read(stored, *IDS)
    number = {lead.lead_id: lead.lead_no for lead in everyone.leads}
    expected = [row for row in kinds(everyone) if row[0] in {number[lead_id] for lead_id in lead_ids}]
    rows = read(stored, *lead_ids)
    assert kinds(rows) == expected
    assert [lead.lead_id for lead in rows.leads] == list(lead_ids)


def test_lead_cut_out_is_the_lead_read_alone(stored: Store) -> None:
    everyone = read(stored, *IDS)
    for position, lead_id in enumerate(IDS):
        assert kinds(everyone.only(position)) == kinds(read(stored, lead_id))


def test_cut_has_the_rows_up_to_its_row(stored: Store) -> None:
    rows = read(stored, "a", "b")
    first, last = (rows.only(0).tables["interactions"][ROW_NO][i] for i in (0, -1))
    cuts = rows.cut([Cut(0, last), Cut(1, 0), Cut(0, first), Cut(0, first - 1)])
    assert kinds(cuts) == [(0, "k0"), (0, "k4"), (2, "k0")]
    assert [(lead.lead_no, lead.lead_id) for lead in cuts.leads] == [(0, "a"), (1, "b"), (2, "a"), (3, "a")]


def test_unknown_lead_is_not_found(stored: Store) -> None:
    with stored.engine.reading() as connection:
        assert set(find_leads(connection, ["a", "x", "'; --"])) == {"a"}


@pytest.mark.parametrize(
    ("numbers", "count"), [([5], 1), ([5, 6, 7], 1), ([5, 7], 1), (list(range(0, 4000, 2)), 3), ([], 0)]
)
def test_consecutive_leads_are_one_scan(numbers: list[int], count: int) -> None:
    assert len(list(FactQueries(interactions).for_leads(numbers))) == count


@pytest.mark.parametrize(
    ("stored_value", "value", "text"),
    [(None, None, None), ("3.0", 3.0, "3"), ('"x"', "x", "x"), ("true", True, "true")],
)
def test_scalar_is_read_as_sent_and_as_text(stored_value: str | None, value: Any, text: str | None) -> None:
    assert scalar_value(stored_value) == value
    assert scalar_text(stored_value) == text
