"""The version of a store: another one after every change of facts, the same after everything else."""

from pathlib import Path

from sqlalchemy import update

from serving.store import schema as db
from serving.store.leads.leads import erase_leads
from serving.store.reports.version import StoreState, store_state
from serving.store.store import Store
from tests.builders.service.scored_store import post, put, score_queued
from tests.builders.service.store_fakes import FakeModel, event
from tests.builders.service.store_folder import TABLES, load, write_folder

pytest_plugins = ["tests.builders.service.store_fixtures"]


def state(store: Store) -> StoreState:
    with store.engine.reading() as connection:
        return store_state(connection)


def test_version_follows_every_change_of_facts(store: Store, tmp_path: Path) -> None:
    versions = [state(store).version]
    put(store)
    versions.append(state(store).version)
    post(store, event("1", "a", {"kind": "call"}))
    versions.append(state(store).version)
    put(store, owner="Ann")
    versions.append(state(store).version)
    store.writer.write(erase_leads, "a")
    versions.append(state(store).version)
    load(store, write_folder(tmp_path / "crm", TABLES))
    versions.append(state(store).version)
    with store.engine.writing() as connection:
        connection.execute(update(db.costs).values(amount=7))
    versions.append(state(store).version)
    assert len(set(versions)) == len(versions)


def test_scores_change_no_version(store: Store) -> None:
    put(store)
    before = state(store)
    assert score_queued(store, FakeModel()) == 1
    assert state(store) == before


def test_rows_count_leads_and_their_rows(store: Store) -> None:
    assert state(store).rows == 0
    put(store)
    post(store, event("1", "a", {"kind": "call"}), event("2", "a", {"stage": "new"}, "stage"))
    assert state(store).rows == 3
