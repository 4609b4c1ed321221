"""The command on a folder: a table for people, JSON, files, and messages that say what to do."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.commands.funnel import funnel
from history.base.errors import InvalidInput

FILES = {
    "leads.csv": "lead_id,created_at,source\na,2026-01-01,web\nb,2026-01-02,fair\nc,2026-02-03,web\n",
    "stages.csv": (
        "lead_id,entered_at,stage\na,2026-01-01,new\nb,2026-01-02,new\nb,2026-01-05,offer\nc,2026-02-03,new\n"
    ),
    "outcomes.csv": "lead_id,outcome,closed_at,amount\na,lost,2026-01-09,\nb,won,2026-01-20,500\n",
    "funnel.toml": '[funnel]\nstages = ["new", "offer"]\n',
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEADCAST_HOME", str(tmp_path / "home"))
    folder = tmp_path / "crm"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(funnel, [str(a) for a in arguments], catch_exceptions=True)


def test_json_on_stdout_equals_the_file_and_reconciles(data: Path, tmp_path: Path) -> None:
    done = run(data, "--json", "--output", tmp_path / "state.json")
    assert done.exit_code == 0, done.output
    state = json.loads(done.stdout)
    assert state == json.loads((tmp_path / "state.json").read_text())
    assert state["total"]["deals"]["revenue"] == 500.0
    assert state["reconciliation"]["broken"] == []


def test_table_has_a_row_for_each_group_and_stage(data: Path, tmp_path: Path) -> None:
    assert run(data, "--by", "source", "--output", tmp_path / "t.csv").exit_code == 0
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["group"], r["stage"], r["entries"]) for r in rows] == [
        ("web", "new", "2"),
        ("web", "offer", "0"),
        ("fair", "new", "1"),
        ("fair", "offer", "1"),
    ]


def test_earlier_t_sees_less(data: Path) -> None:
    state = json.loads(run(data, "--as-of", "2026-01-06", "--json").stdout)
    assert state["total"]["funnel"] | {"win": None} == {
        "entered": 2,
        "open": 2,
        "won": 0,
        "lost": 0,
        "win": None,
    }


def test_report_is_one_page(data: Path, tmp_path: Path) -> None:
    assert run(data, "--report", tmp_path / "page.html").exit_code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_moves_since_a_date_are_printed(data: Path) -> None:
    done = run(data, "--since", "2026-01-06", "--attention", "0", "--json")
    flow = json.loads(done.stdout)["moves"]
    assert flow["since"].startswith("2026-01-06")
    assert {(n["when"], n["kind"], n["stage"]): n["leads"] for n in flow["nodes"] if n["leads"]} == {
        ("then", "new", None): 1,
        ("then", "stage", "new"): 1,
        ("then", "stage", "offer"): 1,
        ("now", "stage", "new"): 1,
        ("now", "won", None): 1,
        ("now", "lost", None): 1,
    }
    assert "(not yet there)" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--attention", "-1"),
        ("--since", "x"),
        ("--output", "x.txt"),
        ("--report", "x.csv"),
        ("--from", "yesterday"),
    ],
)
def test_wrong_usage_is_exit_code_2(data: Path, options: tuple[str, str]) -> None:
    assert run(data, *options).exit_code == 2


def test_unknown_column_lists_the_known_ones(data: Path) -> None:
    done = run(data, "--by", "team")
    assert isinstance(done.exception, InvalidInput)
    assert "source" in str(done.exception)


def test_state_is_saved_only_if_the_home_exists(data: Path, tmp_path: Path) -> None:
    assert run(data).exit_code == 0
    assert not (tmp_path / "home").exists()
    (tmp_path / "home").mkdir()
    assert run(data, "--no-snapshot").exit_code == 0
    assert list((tmp_path / "home").iterdir()) == []
    assert "saved as snapshot" in run(data, "--from", "2026-01-02").stderr
    assert len(list((tmp_path / "home" / "snapshots").iterdir())) == 1


def test_unwritable_home_ends_nothing(data: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "snapshots").write_text("in the way")
    done = run(data, "--json")
    assert done.exit_code == 0
    assert "not saved as a snapshot" in done.stderr
