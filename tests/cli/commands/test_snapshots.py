"""`leadcast snapshots`: saved results are listed, found by date, shown, and taken from a folder or the store."""

from pathlib import Path

import pytest

from tests.builders.command import answer, run

ON = "2026-06-15"


def test_forecast_is_found_by_its_date(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.csv"
    then = answer("forecast", crm, "--as-of", ON, "--explain", "--output", out)
    answer("forecast", crm, "--as-of", "2026-06-20", "--output", out)
    answer("forecast", crm, "--as-of", ON, "--output", out, "--no-snapshot", "--period", "week")
    found = answer("snapshots", "show", ON)
    assert found["answer"]["periods"] == then["periods"]
    assert found["answer"]["explain"]["changes"] == then["explain"]["changes"]
    assert (found["model_version"], found["options"]) == ("1", {"period": "month"})
    heads = answer("snapshots", "--kind", "forecast")["snapshots"]
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
    assert answer("snapshots") == {"snapshots": [], "set_aside": []}


def test_take_saves_both_from_a_folder_or_the_store(champion_home: Path, crm: Path) -> None:
    kept = answer("snapshots", "take", crm)["snapshots"]
    assert set(kept) == {"forecast", "funnel"}
    answer("load", crm)
    from_store = answer("snapshots", "take", "--store")["snapshots"]
    one, other = (
        answer("snapshots", "show", name)["answer"] for name in (kept["funnel"], from_store["funnel"])
    )
    assert one["total"]["flow"] == other["total"]["flow"]
    one, other = (
        answer("snapshots", "show", name)["answer"] for name in (kept["forecast"], from_store["forecast"])
    )
    assert one["periods"] == other["periods"]
    shown = run("snapshots", "show", kept["funnel"])
    assert "open leads need attention" in shown.stderr


def test_take_without_a_model_saves_the_funnel(home: Path, crm: Path) -> None:
    assert set(answer("snapshots", "take", crm)["snapshots"]) == {"funnel"}
    missing = run("snapshots", "show", ON)
    assert missing.exit_code == 1
    assert "no forecast snapshot exists" in missing.stderr


@pytest.mark.parametrize("arguments", [("take",), ("take", "crm", "--store"), ("show",), ("--kind", "leads")])
def test_wrong_usage_is_exit_code_2(home: Path, arguments: tuple[str, ...]) -> None:
    assert run("snapshots", *arguments).exit_code == 2
