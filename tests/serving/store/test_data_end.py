"""The end of the stored data: that of the folder, moved by whatever arrives by a call."""

from pathlib import Path

import numpy as np
import pytest

from history.data_end import latest_of
from history.read import read_folder
from history.text.times import DAY_US, format_time
from serving.store.store import Store
from tests.builders.service.scored_store import post, put
from tests.builders.service.store_fakes import NOW_US, event
from tests.builders.service.store_folder import load, write_folder

pytest_plugins = ["tests.builders.service.store_fixtures"]

START_US = NOW_US - 200 * DAY_US


def daily_folder(folder: Path, *later_days: int) -> Path:
    """A lead with a call on each of a hundred days, and calls on some later days."""
    calls = [
        {"lead_id": "a", "occurred_at": format_time(START_US + day * DAY_US), "kind": "call"}
        for day in (*range(100), *later_days)
    ]
    leads = [{"lead_id": "a", "created_at": format_time(START_US)}]
    return write_folder(folder, {"leads": leads, "interactions": calls})


@pytest.mark.parametrize("later", [(), (140,), (140, 141, 190), (140, 141, 142, 143), (125,)])
def test_end_is_that_of_the_folder(store: Store, tmp_path: Path, later: tuple[int, ...]) -> None:
    folder = daily_folder(tmp_path / "crm", *later)
    load(store, folder)
    assert store.data_end_us(NOW_US) == read_folder(folder, now_us=NOW_US).as_of_us


def test_late_rows_are_named(store: Store, tmp_path: Path) -> None:
    load(store, daily_folder(tmp_path / "crm", 140, 141))
    end_us = store.data_end_us(NOW_US)
    assert end_us is not None
    (warning,) = store.late_row_warnings(end_us, NOW_US)
    assert (warning.code, warning.subject) == ("late_rows", "interactions")
    assert warning.detail.startswith("2 stored rows")
    assert store.late_row_warnings(NOW_US, NOW_US) == []


def test_event_by_a_call_always_moves_the_end(store: Store, tmp_path: Path) -> None:
    load(store, daily_folder(tmp_path / "crm", 140))
    call_us = START_US + 135 * DAY_US
    post(store, event("e1", "a", {"kind": "call"}, occurred_at=format_time(call_us)))
    assert store.data_end_us(NOW_US) == NOW_US  # its arrival


def test_lead_by_a_call_always_moves_the_end(store: Store, tmp_path: Path) -> None:
    load(store, daily_folder(tmp_path / "crm"))
    put(store, "b", NOW_US - 10 * DAY_US)
    assert store.data_end_us(NOW_US) == NOW_US - 10 * DAY_US


def test_empty_store_has_no_end(store: Store) -> None:
    assert store.data_end_us(NOW_US) is None


def test_end_of_many_stored_rows(store: Store, tmp_path: Path) -> None:
    days = np.sort(np.random.default_rng(1).integers(0, 100, 700))
    load(store, daily_folder(tmp_path / "crm", *days.tolist(), 150, 150, 151, 199))
    times = np.concatenate([np.arange(100), days, [0, 150, 150, 151, 199]]) * DAY_US + START_US
    assert store.data_end_us(NOW_US) == latest_of(times).end()
