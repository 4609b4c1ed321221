"""An export that is imported again adds no row and changes none, for every system and shape."""

from pathlib import Path

import pytest

from tests.builders.exports.event_stream import event_world
from tests.builders.exports.ga4 import without_returns
from tests.builders.exports.import_cases import CASES, PERSONS, Case
from tests.builders.exports.imported_folder import rows_of
from tests.builders.exports.simulated_crm import World, simulated


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("deals") / "crm", leads=60)


@pytest.fixture(scope="module")
def persons(tmp_path_factory: pytest.TempPathFactory) -> World:
    return event_world(tmp_path_factory.mktemp("persons") / "crm", leads=60)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_export_twice_adds_no_row(case: Case, deals: World, persons: World, tmp_path: Path) -> None:
    world = persons if case.system in PERSONS else deals
    world = without_returns(world) if case.system == "ga4" else world
    case.export(world, tmp_path / "export")
    first = case.bring_in(tmp_path / "export", tmp_path / "crm")
    before = {table: rows_of(tmp_path / "crm", table) for table in first.rows}
    again = case.bring_in(tmp_path / "export", tmp_path / "crm")
    assert sum(first.new_rows.values()) > 0
    assert sum(again.new_rows.values()) == 0
    assert {table: rows_of(tmp_path / "crm", table) for table in again.rows} == before
