"""The story of trials: deals of HubSpot and events of the product in one folder give one call list."""

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.exports import hubspot as hubspot_export
from tests.builders.exports.simulated_crm import World, open_ids, simulated

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "story-trials.md"
COMMAND = re.compile(r"^leadcast (.+)$", re.MULTILINE)
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
HEADER = ("hubspot_deal_id", "event", "happened_at", "session_minutes", "event_id")


def write_usage(world: World, path: Path) -> int:
    """An event of the product for each interaction of the world; returns their number."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for place, row in enumerate(world.interactions):
            deal = hubspot_export.deal_id(row["lead_id"])
            event = "login" if place % 3 else "project_created"
            writer.writerow((deal, event, row["occurred_at"], place % 40, f"u{place}"))
    return len(world.interactions)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(leadcast, ["--home", "home", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def test_events_are_added_to_the_deals_of_an_earlier_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world = simulated(Path("native"), leads=40)
    hubspot_export.export(world, sorted(hubspot_export.SHAPES)[0], Path("export"))
    page = GUIDE.read_text(encoding="utf-8")
    events = write_usage(world, Path("usage.csv"))
    Path("usage.toml").write_text(TOML.findall(page)[0], encoding="utf-8")
    first, second = (command.split() for command in COMMAND.findall(page)[:2])

    refused = CliRunner().invoke(leadcast, second)
    assert refused.exit_code == 1
    assert "[[leads]] is missing" in refused.stderr
    run(*first)
    assert f"new: {events:,} interactions" in run(*second)
    assert "new: nothing" in run(*second)
    assert "new: nothing" in run(*first)
    record = json.loads(Path("crm/import.json").read_text(encoding="utf-8"))
    assert (record["system"], [other["system"] for other in record["others"]]) == ("hubspot", ["mapping"])


@pytest.mark.long
def test_commands_of_the_story_give_a_call_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    world = simulated(Path("native"), leads=300)
    hubspot_export.export(world, sorted(hubspot_export.SHAPES)[0], Path("export"))
    page = GUIDE.read_text(encoding="utf-8")
    mapping, features = TOML.findall(page)
    write_usage(world, Path("usage.csv"))
    Path("usage.toml").write_text(mapping, encoding="utf-8")
    commands = [line.split() for line in COMMAND.findall(page)]
    assert [command[0] for command in commands] == ["import", "import", "check", "train", "score"]
    for command in commands:
        if command[0] == "check":
            with open("crm/funnel.toml", "a", encoding="utf-8") as file:
                file.write(f"\n{features}")
        run(*command, *(["--trials", "0", "--promote", "always"] if command[0] == "train" else []))
    with open("calls.csv", newline="", encoding="utf-8") as file:
        called = {row["lead_id"] for row in csv.DictReader(file)}
    assert called == {hubspot_export.deal_id(lead) for lead in open_ids(world)}
