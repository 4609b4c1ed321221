"""The story of the shop: its commands give a call list, from raw events on, as the guide has them."""

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.exports.event_stream import event_world, user_id
from tests.builders.exports.segment import export
from tests.builders.exports.simulated_crm import open_ids

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "ecommerce.md"
COMMAND = re.compile(r"^leadcast (.+)$", re.MULTILINE)


@pytest.mark.long
def test_commands_of_the_story_give_a_call_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    world = event_world(tmp_path / "native", leads=600)
    export(world, "calls", Path("export"))
    commands = [line.split() for line in COMMAND.findall(GUIDE.read_text(encoding="utf-8"))]
    assert [command[0] for command in commands] == [
        "import",
        "check",
        "train",
        "score",
        "score",
        "import",
        "forecast",
    ]
    for command in commands:
        fast = ["--trials", "0"] if command[0] == "train" else []
        done = CliRunner().invoke(leadcast, ["--home", "home", *command, *fast], catch_exceptions=False)
        assert done.exit_code == 0, (command, done.stderr)
    assert "new: nothing" in CliRunner().invoke(leadcast, commands[0], catch_exceptions=False).stderr
    with open("calls.csv", newline="") as file:
        called = {row["lead_id"] for row in csv.DictReader(file)}
    # The shop names no loss: those who were lost elsewhere are open.
    assert called >= {user_id(lead) for lead in open_ids(world)}
