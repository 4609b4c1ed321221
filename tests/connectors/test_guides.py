"""The example at the top of each system's guide, on an export of that system."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.simulated_crm import World, open_ids, simulated

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
SYSTEMS = ("amplitude", "dynamics", "ga4", "hubspot", "odoo", "pipedrive", "salesforce", "segment")
EXAMPLE = re.compile(r"^leadcast (import \w+ export --output crm)$", re.MULTILINE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=40)


@pytest.mark.parametrize("system", SYSTEMS)
def test_example_of_the_guide_gives_usable_data(
    world: World, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = import_module(f"tests.builders.{system}_export")
    monkeypatch.chdir(tmp_path)
    builder.export(world, sorted(builder.SHAPES)[-1], Path("export"))
    example = EXAMPLE.search((GUIDES / f"{system}.md").read_text(encoding="utf-8"))
    assert example is not None
    imported = CliRunner().invoke(leadcast, example[1].split(), catch_exceptions=False)
    assert imported.exit_code == 0, imported.stderr
    assert "Next: leadcast train crm" in imported.stderr
    checked = CliRunner().invoke(leadcast, ["check", "crm"], catch_exceptions=False)
    assert checked.exit_code == 0, checked.stderr
    assert len(open_ids(world)) > 0
