"""`simulate` and `check`: data to try, and a report on data that names every row that was set aside."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.builders.command import run


def checked(data: Path, *more: object) -> dict[str, Any]:
    result = run("check", data, "--json", *more)
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert isinstance(answer, dict)
    return answer


def test_check_accepts_what_simulate_writes(tmp_path: Path) -> None:
    made = run("simulate", tmp_path / "crm", "--leads", 100, "--months", 4, "--end", "2026-03-31", "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout)["leads"] == 100
    answer = checked(tmp_path / "crm")
    assert answer["tables"]["leads"]["rows"] == 100
    assert all(not table["rejected"] for table in answer["tables"].values())
    assert answer["as_of"] < "2026-04-01"


def test_simulate_refuses_a_used_folder_and_a_bad_date(crm: Path) -> None:
    refused = run("simulate", crm)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "is not an empty folder" in refused.stderr
    assert run("simulate", "somewhere", "--end", "31.3.2026").exit_code == 2


def test_check_lists_inferred_settings_only(crm: Path, tmp_path: Path) -> None:
    copied = tmp_path / "crm"
    shutil.copytree(crm, copied)
    (copied / "funnel.toml").unlink()
    given, inferred = checked(crm)["inferred"], checked(copied)["inferred"]
    assert "stages" not in given
    assert inferred["stages"] == ["new", "qualified", "proposal", "negotiation"]
    assert inferred["timezone"] == "UTC"
    assert inferred["attributes"]["employees"] == "number"
    assert inferred["attributes"]["planned_close_on"] == "date"
    assert inferred["attributes"]["work_email"] == "boolean"
    assert inferred["attributes"]["country"] == "category"


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    folder = tmp_path / "spoiled"
    folder.mkdir()
    (folder / "leads.csv").write_text(
        'lead_id,created_at,plan\n=1+1,2026-01-01,a\n,2026-01-02,b\nL3,soon,c\nL4,2026-01-04,"d, e"\n'
    )
    (folder / "outcomes.csv").write_text("lead_id,outcome,closed_at\nL4,maybe,\n=1+1,won,2026-02-01\n")
    return folder


def test_rows_set_aside_are_counted_and_written(spoiled: Path, tmp_path: Path) -> None:
    answer = checked(spoiled, "--accept-rejected", "--rejected", tmp_path / "rejected.csv")
    leads = answer["tables"]["leads"]
    assert leads["rows"] == 4
    assert {rule: found["count"] for rule, found in leads["rejected"].items()} == {
        "empty_id": 1,
        "bad_time": 1,
    }
    assert answer["tables"]["outcomes"]["rejected"]["bad_outcome"]["first"][0].startswith("row 2")
    with open(tmp_path / "rejected.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["table"], r["row"], r["rule"], r["text"]) for r in rows] == [
        ("leads", "3", "empty_id", ",2026-01-02,b"),
        ("leads", "4", "bad_time", "L3,soon,c"),
        ("outcomes", "2", "bad_outcome", "L4,maybe,"),
    ]


def test_data_without_outcomes_warns(spoiled: Path) -> None:
    assert "no_outcomes" not in {w["code"] for w in checked(spoiled, "--accept-rejected")["warnings"]}
    (spoiled / "outcomes.csv").write_text("lead_id,outcome,closed_at\nL4,won,soon\n")
    found = {w["code"]: w["detail"] for w in checked(spoiled, "--accept-rejected")["warnings"]}
    assert found["no_outcomes"] == "all 1 rows were set aside: no model can be trained on this data"
    assert found["undecided_outcome"].startswith("1 leads count neither as open nor as decided")


def test_a_folder_without_a_decided_lead_names_the_rules(spoiled: Path) -> None:
    (spoiled / "outcomes.csv").write_text("lead_id,outcome,closed_at\nL4,won,soon\n=1+1,perhaps,2026-02-01\n")
    result = run("check", spoiled)
    assert result.exit_code == 1
    assert all(text in result.stderr for text in ("no lead is left", "bad_time", "bad_outcome", "row 3"))


def test_check_reports_all_and_ends_with_1_at_too_many_bad_rows(spoiled: Path) -> None:
    result = run("check", spoiled, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["tables"]["leads"]["rejected"]["bad_time"]["count"] == 1
    assert "Usable: yes" not in result.stderr
    for words in (
        "row 4: created_at 'soon'",
        "row 2: lead_id 'L4', outcome 'maybe'",
        '["maybe"]',
        "--accept-rejected",
    ):
        assert words in result.stderr


@pytest.mark.parametrize("command", ["train", "funnel", "backtest", "load"])
def test_commands_end_if_too_much_is_set_aside(spoiled: Path, tmp_path: Path, command: str) -> None:
    result = run("--home", tmp_path / "home", command, spoiled)
    assert result.exit_code == 1
    assert "outcomes: 1 of 2 rows are set aside by bad_outcome" in result.stderr
    assert run("--home", tmp_path / "home", "funnel", spoiled, "--accept-rejected").exit_code == 0


def test_text_goes_to_stderr_alone(spoiled: Path) -> None:
    result = run("check", spoiled, "--accept-rejected")
    assert (result.exit_code, result.stdout) == (0, "")
    for word in ("leads: 4 rows, 2 set aside", "bad_time", "timezone: UTC", "plan"):
        assert word in result.stderr


def test_every_problem_of_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,created\n1,2026-01-01\n")
    (tmp_path / "stages.csv").write_text("lead_id\n1\n")
    result = run("check", tmp_path, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    for column in ("lead_id", "created_at", "entered_at", "stage"):
        assert column in result.stderr


@pytest.mark.long
def test_check_does_not_depend_on_the_engine(crm: Path) -> None:
    assert checked(crm, "--engine", "processes:2") == checked(crm)
