"""`leadcast snapshots`: what was said is listed, found by date, shown, and taken every night from either source."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import leadcast

ON = "2026-06-15"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(leadcast, [str(a) for a in arguments], catch_exceptions=False)


def told(*arguments: object) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_forecast_is_found_by_its_date(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.csv"
    then = told("forecast", crm, "--as-of", ON, "--explain", "--output", out)
    told("forecast", crm, "--as-of", "2026-06-20", "--output", out)
    told("forecast", crm, "--as-of", ON, "--output", out, "--no-snapshot", "--period", "week")
    found = told("snapshots", "show", ON)
    assert found["answer"]["periods"] == then["periods"]
    assert found["answer"]["explain"]["changes"] == then["explain"]["changes"]
    assert (found["model_version"], found["options"]) == ("1", {"period": "month"})
    heads = told("snapshots", "--kind", "forecast")["snapshots"]
    assert [head["as_of"][:10] for head in heads] == ["2026-06-20", ON]
    shown = run("snapshots", "show", found["id"])
    assert f"{then['periods'][0]['wins_expected']:.1f}" in shown.stderr
    text = (champion_home / "snapshots" / f"{found['id']}.json").read_text()
    assert not any(lead["lead_id"] in text for lead in then["explain"]["top_leads"])


def test_groups_that_may_identify_a_lead_are_not_saved(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    done = run("forecast", crm, "--by", "company", "--output", tmp_path / "f.csv")
    assert done.exit_code == 0, done.stderr
    assert "not saved" in done.stderr
    assert told("snapshots") == {"snapshots": [], "set_aside": []}


def test_take_saves_both_from_a_folder_or_the_store(champion_home: Path, crm: Path) -> None:
    kept = told("snapshots", "take", crm)["snapshots"]
    assert set(kept) == {"forecast", "funnel"}
    told("load", crm)
    from_store = told("snapshots", "take", "--store")["snapshots"]
    one, other = (
        told("snapshots", "show", name)["answer"] for name in (kept["funnel"], from_store["funnel"])
    )
    assert one["total"]["flow"] == other["total"]["flow"]
    one, other = (
        told("snapshots", "show", name)["answer"] for name in (kept["forecast"], from_store["forecast"])
    )
    assert one["periods"] == other["periods"]
    shown = run("snapshots", "show", kept["funnel"])
    assert "open leads need attention" in shown.stderr


def test_take_without_a_model_saves_the_funnel(home: Path, crm: Path) -> None:
    assert set(told("snapshots", "take", crm)["snapshots"]) == {"funnel"}
    missing = run("snapshots", "show", ON)
    assert missing.exit_code == 1
    assert "no forecast snapshot exists" in missing.stderr


@pytest.mark.parametrize("arguments", [("take",), ("take", "crm", "--store"), ("show",), ("--kind", "leads")])
def test_wrong_usage_is_exit_code_2(home: Path, arguments: tuple[str, ...]) -> None:
    assert run("snapshots", *arguments).exit_code == 2
