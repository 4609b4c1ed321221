"""Features of account scope in the store: a lead's score reads its account's other leads, as a folder does."""

from types import SimpleNamespace
from typing import Any

import pytest

from serving.api.events import events_of
from serving.store.account_mates import mates_of
from serving.store.events import store_events
from serving.store.lead_rows import find_leads
from serving.store.leads import PutLead, put_leads
from serving.store.store import Store
from tests.builders.store_fakes import NOW_US, event

pytest_plugins = ["tests.builders.store_fixtures"]
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
