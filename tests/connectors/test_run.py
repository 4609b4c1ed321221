"""An import as a whole: refused before any work, or written with an account of every row."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.reading.options import ReadOptions
from connectors.run import MAPPING, SYSTEMS, Imported, run_import
from history.base.errors import InvalidInput
from history.read import read_folder
from tests.builders.exports.small import NOW_US

MAP = '[[leads]]\nlead_id = "id"\ncreated_at = "at"\nowner = "who"\n'


def bring_in(
    system: str, source: Path, output: Path, mapping: Path | None = None, **options: str
) -> Imported:
    read = ReadOptions(NOW_US, ZoneInfo("UTC"), **options)  # type: ignore[arg-type]
    return run_import(system, [source], output, read, lambda _text, _share: None, mapping)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("id,at,who\n1,2026-01-01,Ann\n,2026-01-01,Bob\n")
    return tmp_path / "a.csv"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP)
    return tmp_path / "map.toml"


def test_folder_is_read_as_any_other_and_accounts_for_every_row(
    source: Path, mapping: Path, tmp_path: Path
) -> None:
    imported = bring_in(MAPPING, source, tmp_path / "crm", mapping)
    assert list(read_folder(tmp_path / "crm").lead_ids) == ["1"]
    assert (imported.rows["leads"], imported.new_rows["leads"]) == (1, 1)
    record = json.loads((tmp_path / "crm" / "import.json").read_text())
    assert record == imported.record
    (entry,) = record["sources"]
    assert (entry["rows_read"], entry["rows_used"], entry["set_aside"]["empty_id"]["count"]) == (2, 1, 1)


def test_failure_leaves_the_earlier_folder(source: Path, mapping: Path, tmp_path: Path) -> None:
    bring_in(MAPPING, source, tmp_path / "crm", mapping)
    before = {path.name: path.read_bytes() for path in (tmp_path / "crm").iterdir()}
    source.write_text("other,columns\n1,2\n")
    with pytest.raises(InvalidInput):
        bring_in(MAPPING, source, tmp_path / "crm", mapping)
    assert {path.name: path.read_bytes() for path in (tmp_path / "crm").iterdir()} == before


def test_file_of_which_nothing_is_read_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "people.csv").write_text("colour,shape\nred,round\n")
    with pytest.raises(InvalidInput) as refusal:
        bring_in("hubspot", tmp_path / "export", tmp_path / "crm")
    assert sum(problem.count("people.csv") for problem in refusal.value.problems) == 1


def test_mapping_needs_its_file(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="import mapping needs --mapping FILE"):
        bring_in(MAPPING, source, tmp_path / "crm")
    (tmp_path / "bad.toml").write_text("[[leads")
    with pytest.raises(InvalidInput, match="cannot be read as TOML"):
        bring_in(MAPPING, source, tmp_path / "crm", tmp_path / "bad.toml")
    assert not (tmp_path / "crm").exists()


@pytest.mark.parametrize("system", SYSTEMS)
def test_unknown_object_of_a_system_lists_those_it_has(system: str, source: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"--object car: {system} has "):
        bring_in(system, source, tmp_path / "crm", object="car")


@pytest.mark.parametrize(
    ("system", "options", "message"),
    [
        ("segment", {"pipeline": "Sales"}, "--pipeline Sales: persons of segment are in no pipeline"),
        ("hubspot", {"pipeline": "Sales", "object": "person"}, "--pipeline Sales: persons of hubspot"),
        ("pipedrive", {"stages": ("Trial",)}, "--stage Trial: stages of pipedrive are no events"),
        ("pipedrive", {"object": "person"}, "--object person: pipedrive has deal"),
    ],
)
def test_option_of_other_systems_is_refused(
    source: Path, tmp_path: Path, system: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        bring_in(system, source, tmp_path / "crm", None, **options)
