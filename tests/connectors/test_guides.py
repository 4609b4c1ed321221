"""The example at the top of each system's guide, on an export of that system."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.exports.simulated_crm import World, open_ids, simulated

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
SYSTEMS = (
    "amplitude",
    "dynamics",
    "ga4",
    "hubspot",
    "marketo",
    "odoo",
    "pardot",
    "pipedrive",
    "salesforce",
    "segment",
)
PAGES = {"pardot": "account-engagement"}
COMMAND = re.compile(r"^leadcast (.+)$", re.MULTILINE)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
EXAMPLE = re.compile(r"^leadcast (import \w+ export --output crm)$", re.MULTILINE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulated(tmp_path_factory.mktemp("simulated") / "crm", leads=40)


@pytest.mark.parametrize("system", SYSTEMS)
def test_example_of_the_guide_gives_usable_data(
    world: World, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = import_module(f"tests.builders.exports.{system}")
    monkeypatch.chdir(tmp_path)
    builder.export(world, sorted(builder.SHAPES)[-1], Path("export"))
    example = EXAMPLE.search((GUIDES / f"{PAGES.get(system, system)}.md").read_text(encoding="utf-8"))
    assert example is not None
    imported = CliRunner().invoke(leadcast, example[1].split(), catch_exceptions=False)
    assert imported.exit_code == 0, imported.stderr
    assert "Next: leadcast train crm" in imported.stderr
    checked = CliRunner().invoke(leadcast, ["check", "crm"], catch_exceptions=False)
    assert checked.exit_code == 0, checked.stderr
    assert len(open_ids(world)) > 0


@pytest.mark.long
def test_story_of_salesforce_leads_to_a_ranked_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the page in its order; the story's figures are those of this simulated CRM."""
    page = (GUIDES / "story-salesforce.md").read_text(encoding="utf-8")
    commands = [command for block in SHELL.findall(page) for command in COMMAND.findall(block)]
    builder = import_module("tests.builders.exports.salesforce")
    monkeypatch.chdir(tmp_path)
    builder.export(simulated(tmp_path / "crm", leads=300), "objects", Path("export"))
    outputs = [run(command) for command in commands]
    assert [command.split()[0] for command in commands] == [
        "import",
        "check",
        "train",
        "score",
        "import",
        "score",
    ]
    assert "Usable: yes" in outputs[1]
    assert "new: nothing" in outputs[4]
    assert Path("scores.csv").is_file()


def run(command: str) -> str:
    arguments = command.replace("--output crm", "--output data").replace(" crm", " data").split()
    arguments += ["--trials", "0"] if arguments[0] == "train" else []
    result = CliRunner().invoke(leadcast, ["--home", "home", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stderr
