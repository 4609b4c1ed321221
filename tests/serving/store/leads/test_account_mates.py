"""Features of account scope in the store: a lead's score reads its account's other leads, as a folder does."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from serving.api.events import events_of
from serving.store import schema as db
from serving.store.database.statements import sqlite_driver
from serving.store.events import store_events
from serving.store.leads.account_mates import mates_of
from serving.store.leads.lead_rows import find_leads
from serving.store.leads.leads import PutLead, erase_leads, put_leads
from serving.store.store import Store
from tests.builders.service.scored_store import score_queued
from tests.builders.service.store_fakes import NOW_US, FakeModel, event

pytest_plugins = ["tests.builders.service.store_fixtures"]
READING: Any = SimpleNamespace(vocabulary=SimpleNamespace(reads_accounts=True))
CREATED_US = NOW_US - 10**12


def mates(store: Store, bundle: Any, *lead_ids: str) -> list[str]:
    with store.engine.reading() as connection:
        leads = list(find_leads(connection, lead_ids).values())
        return [lead.lead_id for lead in mates_of(connection, bundle, leads)]


@pytest.fixture
def filled(store: Store) -> Store:
    accounts = {"a": "acme", "b": "acme", "c": "beta", "d": None, "e": 7, "f": "7"}
    for lead_id, account in accounts.items():
        store.writer.write(put_leads, PutLead(lead_id, CREATED_US, {"account_id": account}))
    moved = event("1", "c", {"account_id": "acme"}, "attributes")
    store.writer.write(store_events, list(events_of({"events": [moved]})))
    return store


def test_leads_that_ever_shared_an_account_are_mates(filled: Store) -> None:
    assert mates(filled, READING, "a") == ["b", "c"]
    assert mates(filled, READING, "c") == ["a", "b"]
    assert mates(filled, READING, "a", "b", "c") == []
    assert mates(filled, READING, "d") == []
    assert mates(filled, READING, "e") == ["f"]


def test_models_without_account_features_read_no_mates(filled: Store) -> None:
    plain: Any = SimpleNamespace(vocabulary=SimpleNamespace(reads_accounts=False))
    assert mates(filled, plain, "a") == []


def test_accounts_written_as_numbers_are_those_of_their_text(filled: Store) -> None:
    moved = event("2", "d", {"account_id": 7}, "attributes")
    filled.writer.write(store_events, list(events_of({"events": [moved]})))
    assert mates(filled, READING, "e") == ["d", "f"]
    assert mates(filled, READING, "f") == ["d", "e"]


def test_indexes_answer_the_query_for_mates(filled: Store) -> None:
    if filled.engine.path is None:
        pytest.skip("a server's planner scans a table of six rows")
    plans: list[str] = []
    with filled.engine.reading() as connection:
        leads = list(find_leads(connection, ["a"]).values())

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            driver = sqlite_driver(connection)
            plans.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        listen(connection, "before_cursor_execute", note)
        mates_of(connection, READING, leads)
    assert any("leads_by_account" in plan for plan in plans)
    assert any("changes_of_account" in plan for plan in plans)
    assert not [plan for plan in plans if plan.startswith("SCAN") and "LIST SUBQUERY" not in plan]


def test_erasing_a_lead_queues_the_open_ones_of_its_accounts(filled: Store) -> None:
    score_queued(filled, FakeModel())
    assert score_queued(filled, FakeModel()) == 0
    filled.writer.write(erase_leads, "a")
    with filled.engine.reading() as connection:
        queued = select(db.leads.c.lead_id).join(db.dirty, db.dirty.c.lead_no == db.leads.c.lead_no)
        assert sorted(connection.execute(queued).scalars()) == ["b", "c"]
    assert score_queued(filled, FakeModel()) == 2
    assert mates(filled, READING, "b") == ["c"]
