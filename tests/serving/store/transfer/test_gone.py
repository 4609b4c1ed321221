"""Leads that an import called gone leave the store: deleted ones without a trace, merged ones as closed."""

from pathlib import Path

from serving.store.leads.lead_rows import find_leads
from serving.store.store import Store
from serving.store.transfer.gone import TakenOut, take_out
from tests.builders.service.store_folder import FAR_US, load

pytest_plugins = ["tests.builders.service.store_fixtures"]


def left(store: Store) -> list[str]:
    """The leads that training and ranking read."""
    return list(store.read_all(FAR_US).lead_ids)


def test_deleted_leads_are_erased_and_merged_ones_closed(store: Store, folder: Path) -> None:
    load(store, folder)
    gone = {"a": "", "b": "=c", "unknown": ""}
    assert take_out(store.engine, gone, store.now_us) == TakenOut(erased=1, merged=1)
    assert left(store) == ["=c"]
    with store.engine.writing() as connection:
        assert sorted(find_leads(connection, ["a", "b", "=c"])) == ["=c", "b"]


def test_taking_out_again_changes_nothing(store: Store, folder: Path) -> None:
    load(store, folder)
    gone = {"a": "", "b": "=c"}
    take_out(store.engine, gone, store.now_us)
    rows = len(store.read_all(FAR_US).outcomes.time_us)
    assert take_out(store.engine, gone, store.now_us) == TakenOut()
    assert len(store.read_all(FAR_US).outcomes.time_us) == rows
    assert take_out(store.engine, {}, store.now_us) == TakenOut()


def test_lead_that_is_loaded_again_is_stored_again(store: Store, folder: Path) -> None:
    load(store, folder)
    take_out(store.engine, {"a": ""}, store.now_us)
    assert load(store, folder).leads == 1
