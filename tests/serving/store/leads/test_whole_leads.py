"""Whole leads: one statement gives the heads, rows and names that those of a transaction give."""

from typing import Any

import pytest

from serving.base.event import event_key
from serving.store import schema as db
from serving.store.corrections import REPLACE, Correction, correct_events
from serving.store.database.statements import sqlite_driver
from serving.store.event_ids import read_names
from serving.store.leads.lead_heads import lead_heads
from serving.store.leads.lead_rows import LeadRows, rows_of
from serving.store.leads.packed_rows import LEAST_ROWS, PackedLead, keep_packed
from serving.store.leads.timeline import timeline
from serving.store.leads.whole_leads import WHOLE_LEADS, WholeLeads, whole_leads
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, event

pytest_plugins = ["tests.builders.service.store_fixtures"]


@pytest.fixture
def filled(store: Store) -> Store:
    """Leads with rows of all tables: with ids and without, of one event, and corrected."""
    for lead_id in ("a", "Ünï", "empty"):
        put(store, lead_id, owner="Ann", seats=3.0)
    for lead_id in ("Ünï", "a"):
        touch = {"kind": "call", "direction": "inbound", "value": 0.1, "interaction_id": "7"}
        post(
            store,
            event(f"{lead_id}-1", lead_id, touch),
            event(f"{lead_id}-2", lead_id, {"kind": "demo", "channel": "web"}),
            event(f"{lead_id}-3", lead_id, {"stage": "new"}, "stage"),
            event(f"{lead_id}-4", lead_id, {"outcome": "lost", "amount": 12.5, "reason": "price"}, "outcome"),
            event(f"{lead_id}-5", lead_id, {"x": 1, "y": None}, "attributes"),
        )
        put(store, lead_id, owner="Bob")
    correction = Correction("a-2", event_key("a-2"), REPLACE, NOW_US)
    store.writer.write(correct_events, [correction])
    return store


def read(store: Store, lead_ids: list[str], unread: list[str]) -> WholeLeads:
    store.engine.ensure()
    leads = whole_leads(store.engine.single_reads, lead_ids, unread)
    assert leads is not None
    return leads


def plain(rows: LeadRows) -> Any:
    return rows.leads, {name: [list(column) for column in table] for name, table in rows.tables.items()}


def test_one_statement_reads_what_a_transaction_reads(filled: Store) -> None:
    asked = ["a", "Ünï", "empty", "unknown"]
    leads = read(filled, asked, asked)
    with filled.engine.reading() as connection:
        heads = lead_heads(connection, asked)
        assert leads.heads == heads
        assert set(leads.rows) == {"a", "Ünï", "empty"}
        for lead_id, rows in leads.rows.items():
            anew = rows_of(connection, [heads[lead_id].row()])
            assert plain(rows) == plain(anew)
            names, read_anew = leads.names[lead_id], read_names(connection, anew)
            assert names.change_keys == read_anew.change_keys
            assert timeline(rows, names) == timeline(anew, read_anew)


def test_rows_are_those_of_the_leads_that_are_unread(filled: Store) -> None:
    leads = read(filled, ["a", "Ünï"], ["a"])
    assert (set(leads.heads), set(leads.rows)) == ({"a", "Ünï"}, {"a"})
    assert read(filled, ["a", "Ünï"], []).heads == leads.heads
    assert read(filled, ["a"], []).rows == {}


def test_packed_leads_come_without_rows(filled: Store) -> None:
    last = read(filled, ["a"], ["a"]).heads["a"].version
    packed = PackedLead(last[0] or 0, LEAST_ROWS, last[-1] or 0, b"columns")
    filled.writer.write(keep_packed, [packed])
    leads = read(filled, ["a", "Ünï"], ["a", "Ünï"])
    assert leads.heads["a"].packed_through == LEAST_ROWS
    assert set(leads.rows) == {"Ünï"}


def test_sqlite_looks_up_every_row_by_its_lead(tmp_path: Any) -> None:
    store = Store(tmp_path)
    with store.engine.reading() as connection:
        lists = dict.fromkeys(("some", "unread"), "[]")
        plan = sqlite_driver(connection).execute(f"EXPLAIN QUERY PLAN {WHOLE_LEADS.text}", lists).fetchall()
    store.close()
    steps = [step[-1] for step in plan]
    for table in db.FACTS:
        assert f"SEARCH {table.name} USING PRIMARY KEY (lead_no=?)" in steps
    scanned = [step for step in steps if step.startswith("SCAN")]
    assert all("VIRTUAL TABLE" in step for step in scanned), scanned
