"""From an export to a ranked list in two commands: open leads and expected wins are those of the native folder."""

import csv
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.simulated_crm import World, simulated

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


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """The native data folder and its rows."""
    folder = tmp_path_factory.mktemp("native") / "crm"
    return folder, simulated(folder, leads=LEADS)


@pytest.fixture(scope="module")
def native(crm: tuple[Path, World], tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return scores(tmp_path_factory.mktemp("home"), crm[0])


@pytest.mark.long
@pytest.mark.parametrize(
    ("system", "shape"),
    [
        ("dynamics", "api"),
        ("hubspot", "objects"),
        ("odoo", "api"),
        ("pipedrive", "objects"),
        ("salesforce", "objects"),
    ],
)
def test_imported_model_is_that_of_the_native_folder(
    crm: tuple[Path, World], native: dict[str, float], system: str, shape: str, tmp_path: Path
) -> None:
    builder = import_module(f"tests.builders.{system}_export")
    builder.export(crm[1], shape, tmp_path / "export")
    options = getattr(builder, "OPTIONS", {}).items()
    named = [text for name, value in options for text in (f"--{name}", value)]
    run(tmp_path, "import", system, tmp_path / "export", "--output", tmp_path / "data", *named)
    imported = scores(tmp_path, tmp_path / "data")
    assert set(imported) == {builder.deal_id(lead_id) for lead_id in native}
    assert sum(imported.values()) == pytest.approx(sum(native.values()), rel=WINS_WITHIN)
