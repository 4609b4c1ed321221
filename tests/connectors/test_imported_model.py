"""From an export to a ranked list in two commands: open leads and expected wins are those of the native folder."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.salesforce_export import deal_id, export
from tests.builders.simulated_crm import simulated

LEADS = 1200
WINS_WITHIN = 0.10  # of the expected wins on the native folder


def run(home: Path, *arguments: object) -> None:
    result = CliRunner().invoke(leadcast, ["--home", str(home), *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr


def scores(folder: Path, data: Path) -> dict[str, float]:
    """The probability of each open lead under a model of this folder."""
    run(folder / "home", "train", data, "--trials", "0", "--promote", "always")
    run(folder / "home", "score", data, "--output", folder / "scores.csv")
    with (folder / "scores.csv").open(newline="") as file:
        return {row["lead_id"]: float(row["probability"]) for row in csv.DictReader(file)}


@pytest.mark.long
def test_imported_model_is_that_of_the_native_folder(tmp_path: Path) -> None:
    (tmp_path / "native").mkdir()
    (tmp_path / "imported").mkdir()
    world = simulated(tmp_path / "crm", leads=LEADS)
    export(world, "objects", tmp_path / "export")
    run(tmp_path, "import", "salesforce", tmp_path / "export", "--output", tmp_path / "data")
    native = scores(tmp_path / "native", tmp_path / "crm")
    imported = scores(tmp_path / "imported", tmp_path / "data")
    assert set(imported) == {deal_id(lead_id) for lead_id in native}
    assert sum(imported.values()) == pytest.approx(sum(native.values()), rel=WINS_WITHIN)
