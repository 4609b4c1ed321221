"""Every system's exports are recognised as that system's, whatever the shape; other files as nobody's."""

import json
from pathlib import Path

import pytest

from connectors.detect import detect, main
from connectors.formats.sources import open_sources
from connectors.run import SYSTEMS
from tests.builders.exports.import_cases import CASES, Case
from tests.builders.exports.simulated_crm import World, simulated


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("world") / "crm", leads=80)


# Files of any other system, for which a mapping is needed, belong to none.
@pytest.mark.parametrize("case", [case for case in CASES if case.system in SYSTEMS], ids=str)
def test_system_of_an_export_comes_first(case: Case, world: World, tmp_path: Path) -> None:
    case.export(world, tmp_path / "export")
    best = detect(open_sources([tmp_path / "export"]))[0]
    assert best.system == case.system
    assert best.kinds


def test_table_of_nobody_has_no_system(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "birds.csv").write_text("species,wingspan\nwren,15\n")
    assert main([str(tmp_path / "birds.csv")]) == 0
    assert json.loads(capsys.readouterr().out) == {"matches": []}


def test_unreadable_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deals.xlsx").write_bytes(b"PK no workbook")
    assert main([str(tmp_path / "deals.xlsx")]) == 1
    assert "deals.xlsx" in capsys.readouterr().err
