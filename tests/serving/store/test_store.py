"""The store as a whole: its latest time, its history with costs, and no writer before a write."""

from pathlib import Path

import numpy as np

from history.text.times import DAY_US
from serving.store.store import Store
from tests.builders.service.scored_store import CREATED_US, post, put
from tests.builders.service.store_fakes import NOW_US, event
from tests.builders.service.store_folder import TABLES, load, read, write_folder

pytest_plugins = ["tests.builders.service.store_fixtures"]


def test_empty_store_has_no_end_and_an_empty_history(store: Store) -> None:
    assert store.data_end_us(NOW_US) is None
    assert store.count_leads() == 0
    assert len(store.read_all(NOW_US)) == 0


def test_end_of_the_data_is_the_time_of_a_row(store: Store) -> None:
    put(store)
    assert store.data_end_us(NOW_US) == CREATED_US
    post(store, event("1", "a", {"kind": "call"}))
    assert store.data_end_us(NOW_US) == NOW_US, "an event is known from its arrival on"
    assert store.data_end_us(CREATED_US - 1) is None


def test_stages_without_configuration_are_ordered_by_the_data(store: Store) -> None:
    put(store)
    for day, stage in ((1, "zero"), (2, "alpha")):
        post(store, event(stage, "a", {"stage": stage}, "stage", occurred_at=f"2026-05-0{day}T10:00:00Z"))
    assert store.read_all(NOW_US).config.stages == ("zero", "alpha")


def test_costs_are_those_of_the_folder_that_began(store: Store, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", TABLES)
    load(store, folder)
    costs, expected = store.read_all(NOW_US).costs, read(folder).costs
    assert costs is not None
    assert expected is not None
    np.testing.assert_array_equal(costs.start_us, expected.start_us)
    np.testing.assert_array_equal(costs.end_us, expected.end_us)
    assert (costs.amount.tolist(), costs.channel.text(0)) == (expected.amount.tolist(), "ads")
    assert store.read_all(int(costs.start_us[0]) - DAY_US).costs is None


def test_reading_starts_no_writer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.waiting == 0
    assert "writer" not in vars(store)
    store.close()
