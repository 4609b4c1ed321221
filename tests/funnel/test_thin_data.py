"""Forecast and funnel of thin data: a result with a warning, or one clear message; no crash, no NaN."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import leadcast

Edit = Callable[[Path], None]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def put(path: Path, rows_left: list[dict[str, str]], names: list[str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows_left)


def without(*names: str) -> Edit:
    def edit(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return edit


EVENTS = ("stages.csv", "outcomes.csv", "interactions.csv", "attribute_changes.csv")


def no_amounts(folder: Path) -> None:
    rows_left = rows(folder / "outcomes.csv")
    put(folder / "outcomes.csv", rows_left, [name for name in rows_left[0] if name != "amount"])


def first_leads(n: int) -> Edit:
    def edit(folder: Path) -> None:
        without(*EVENTS)(folder)
        rows_left = rows(folder / "leads.csv")
        put(folder / "leads.csv", rows_left[:n], list(rows_left[0]))

    return edit


def all_closed(folder: Path) -> None:
    state = {row["lead_id"]: row["outcome"] for row in rows(folder / "outcomes.csv")}
    rows_left = rows(folder / "leads.csv")
    closed = [row for row in rows_left if state.get(row["lead_id"]) in ("won", "lost")]
    put(folder / "leads.csv", closed, list(rows_left[0]))


def thin(crm: Path, tmp_path: Path, edit: Edit) -> Path:
    folder = Path(shutil.copytree(crm, tmp_path / "thin", ignore=shutil.ignore_patterns("truth")))
    edit(folder)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(leadcast, [str(a) for a in arguments], catch_exceptions=False)


def codes(result: dict[str, Any]) -> set[str]:
    return {note["code"] for note in result["warnings"]}


THIN = {
    "no stages": (without("stages.csv"), {"no_stages"}, {"no_stages"}),
    "no amounts": (no_amounts, {"unknown_amounts"}, {"no_amounts"}),
    "nothing decided": (without("outcomes.csv"), {"no_outcomes"}, {"no_outcomes"}),
    "one lead": (first_leads(1), {"no_outcomes", "no_stages"}, {"no_outcomes", "no_stages"}),
    "all closed": (all_closed, {"no_open_leads"}, set[str]()),
}


@pytest.mark.parametrize("case", THIN)
def test_thin_data_gives_results_with_a_warning(
    champion_home: Path, crm: Path, tmp_path: Path, case: str
) -> None:
    edit, of_forecast, of_funnel = THIN[case]
    folder = thin(crm, tmp_path, edit)
    page = tmp_path / "page.html"
    done = run("forecast", folder, "--explain", "--report", page, "--output", tmp_path / "f.csv", "--json")
    assert done.exit_code == 0, done.stderr
    forecast = json.loads(done.stdout)
    assert of_forecast <= codes(forecast)
    assert not re.search(r"\bnan\b", done.stderr)
    for row in forecast["periods"]:
        parts = row["already_won"] + row["open_wins_expected"] + row["new_wins_expected"]
        assert row["wins_expected"] == pytest.approx(parts)
        assert row["wins_p10"] <= row["wins_p50"] <= row["wins_p90"]
    changes = forecast["explain"]["changes"]["wins"]
    assert changes["now"] == pytest.approx(forecast["sum"]["wins_expected"])
    assert "figure-wins_changes" in page.read_text()
    done = run("funnel", folder, "--report", page, "--output", tmp_path / "u.csv", "--json")
    assert done.exit_code == 0, done.stderr
    state = json.loads(done.stdout)
    assert of_funnel <= codes(state)
    assert state["reconciliation"]["broken"] == []
    assert "figure-moves" in page.read_text()


def test_before_the_first_lead_all_is_zero_with_a_warning(
    champion_home: Path, crm: Path, tmp_path: Path
) -> None:
    done = run(
        "forecast", crm, "--as-of", "2001-01-01", "--explain", "--output", tmp_path / "f.csv", "--json"
    )
    assert done.exit_code == 0, done.stderr
    forecast = json.loads(done.stdout)
    assert "no_leads" in codes(forecast)
    assert forecast["sum"]["wins_expected"] == 0
    assert {row["amount"] for row in forecast["explain"]["new_leads"]} == {None}
    done = run("funnel", crm, "--as-of", "2001-01-01", "--json")
    state = json.loads(done.stdout)
    assert "empty_period" in codes(state)
    assert state["total"]["funnel"]["entered"] == 0


def test_empty_period_warns_when_leads_begin(home: Path, crm: Path) -> None:
    done = run("funnel", crm, "--to", "2001-01-01", "--json")
    empty_period = next(n for n in json.loads(done.stdout)["warnings"] if n["code"] == "empty_period")
    assert "the first lead entered at 20" in empty_period["detail"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--from", "2026-03-01", "--to", "2026-03-01"), "is empty"),
        (("--from", "2026-03-01", "--to", "2026-02-01"), "is empty"),
        (("--from", "2099-01-01"), "choose an earlier --from"),
        (("--since", "2099-01-01"), "give a time before"),
    ],
)
def test_impossible_period_is_refused(
    home: Path, crm: Path, arguments: tuple[str, ...], expected: str
) -> None:
    done = run("funnel", crm, *arguments)
    assert done.exit_code == 1
    assert expected in done.stderr


def test_no_leads_end_with_a_message(champion_home: Path, crm: Path, tmp_path: Path) -> None:
    folder = thin(crm, tmp_path, first_leads(0))
    for command in (("funnel", folder), ("forecast", folder, "--output", tmp_path / "f.csv")):
        done = run(*command)
        assert done.exit_code == 1
        assert "at least one lead is needed" in done.stderr


def test_conversion_is_null_before_any_event(home: Path, crm: Path, tmp_path: Path) -> None:
    done = run("funnel", thin(crm, tmp_path, first_leads(1)), "--json")
    win = json.loads(done.stdout)["total"]["funnel"]["win"]
    assert (win["leads"], win["open"], win["rate"], win["rate_in_horizon"]) == (1, 1, None, None)
