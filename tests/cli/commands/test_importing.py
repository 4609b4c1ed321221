"""`leadcast import`: messages, JSON, exit codes, and the way on."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.commands.importing import SHOWN_FILES, SYSTEMS
from cli.main import leadcast
from connectors.run import MAPPING
from connectors.run import SYSTEMS as ADAPTERS
from tests.builders.exports.salesforce import export
from tests.builders.exports.simulated_crm import simulated


def run(*arguments: object) -> Result:
    return CliRunner().invoke(leadcast, ["import", *map(str, arguments)])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    export(simulated(folder / "crm", leads=40), "warehouse", folder / "tables")
    return folder / "tables"


def test_command_offers_every_system_that_has_an_adapter() -> None:
    assert set(SYSTEMS) == {*ADAPTERS, MAPPING}


def test_import_names_files_reasons_and_the_next_command(source: Path, tmp_path: Path) -> None:
    result = run("salesforce", source, "--output", tmp_path / "crm")
    assert result.exit_code == 0, result.stderr
    for text in (
        "sf_opportunity.csv",
        "set aside 7",
        "not a table of salesforce: tables/LICENSE",
        "Probability",
    ):
        assert text in result.stderr
    assert result.stderr.rstrip().endswith(f"Next: leadcast train {tmp_path / 'crm'}")


def test_json_is_the_record_with_the_rows_of_each_table(source: Path, tmp_path: Path) -> None:
    result = run("salesforce", source, "--output", tmp_path / "crm", "--json")
    printed = json.loads(result.stdout)
    assert printed["system"] == "salesforce"
    assert printed["rows"]["leads"] == printed["new_rows"]["leads"] == 40
    assert json.loads((tmp_path / "crm" / "import.json").read_text())["sources"] == printed["sources"]


def test_imported_folder_can_be_checked(source: Path, tmp_path: Path) -> None:
    run("salesforce", source, "--output", tmp_path / "crm")
    result = CliRunner().invoke(leadcast, ["check", str(tmp_path / "crm"), "--json"])
    assert result.exit_code == 0, result.stderr
    tables = json.loads(result.stdout)["tables"]
    assert {name: table["rejected"] for name, table in tables.items()} == {name: {} for name in tables}


def test_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n")
    result = run("salesforce", tmp_path, "--output", tmp_path / "crm")
    assert result.exit_code == 1
    assert "notes.txt" in result.stderr
    assert not (tmp_path / "crm").exists()


def test_unknown_system_is_wrong_usage(tmp_path: Path) -> None:
    assert run("abacus", tmp_path, "--output", tmp_path / "crm").exit_code == 2


def test_many_files_are_shown_by_kind_and_reason(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    for number in range(SHOWN_FILES + 5):
        call = {
            "type": "track",
            "event": "Demo",
            "messageId": f"m{number}",
            "timestamp": "2026-03-02T10:00:00Z",
        }
        lines = [call | {"userId": f"u{number}"}, call | {"anonymousId": "a", "messageId": f"n{number}"}]
        (tmp_path / "calls" / f"{number}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = run("segment", tmp_path / "calls", "--output", tmp_path / "crm", "--lead", "Demo")
    assert result.exit_code == 0, result.stderr
    assert f"{SHOWN_FILES + 5} files" in result.stderr
    assert len(json.loads((tmp_path / "crm" / "import.json").read_text())["sources"]) == SHOWN_FILES + 5
