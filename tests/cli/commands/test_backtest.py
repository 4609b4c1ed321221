"""`leadcast backtest`: tables for people, one JSON object, a run in MLflow, and the backtest of the forecast."""

from pathlib import Path

import pytest

from cli.shown.backtest_text import FORECAST_METRICS, GROUP_HEADER, ORIGIN_HEADER
from tests.builders.command import answer, run

SHORT = ("--trials", 0, "--at", "2026-03-01")


def test_scores_are_printed_by_date_and_group(home: Path, crm: Path, tmp_path: Path) -> None:
    done = run("backtest", crm, *SHORT, "--by", "country", "--report", tmp_path / "page.html")
    assert (done.exit_code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    header = lines.index("by date, 90 % intervals in brackets:") + 1
    assert lines[header].split() == " ".join(ORIGIN_HEADER).split()
    assert lines[header + 1].startswith("2026-03-01")
    assert "by country:" in lines
    assert " ".join(lines[lines.index("by country:") + 1].split()) == f"country {' '.join(GROUP_HEADER)}"
    assert lines[-2:] == [f"report: {tmp_path / 'page.html'}", f"Next: leadcast train {crm}"]
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")


def test_json_has_the_id_of_the_run(home: Path, crm: Path) -> None:
    result = answer("backtest", crm, *SHORT)
    assert (home / "artifacts" / result["run_id"]).is_dir()
    assert [origin["as_of"] for origin in result["origins"]] == ["2026-03-01T00:00:00Z"]


def test_forecast_is_compared_by_period_ahead(home: Path, crm: Path) -> None:
    done = run("backtest", crm, "--forecast", "--trials", 0, "--origins", 1, "--periods", 2)
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    header = lines.index("wins, forecast by period ahead:") + 1
    assert lines[header].split() == ["step", *FORECAST_METRICS]
    assert [line.split()[0] for line in lines[header + 1 : header + 3]] == ["1", "2"]


@pytest.mark.parametrize("options", [("--by", "country", "--forecast"), ("--origins", 0), ("--at", "never")])
def test_wrong_usage_is_exit_code_2(home: Path, crm: Path, options: tuple[object, ...]) -> None:
    assert run("backtest", crm, *options).exit_code == 2
