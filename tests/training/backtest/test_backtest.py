"""Backtest: each date is trained and scored as on that day; later outcomes evaluate it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from history.base.errors import InvalidInput
from history.history import History
from history.text.times import DAY_US
from training.backtest.backtest import Backtest, backtest
from training.evaluation.baselines import BASELINES
from training.train import TrainOptions


def test_untrainable_date_is_skipped_with_the_reason(result: Backtest) -> None:
    (skipped,) = result.result["skipped"]
    assert skipped["as_of"] < result.result["origins"][0]["as_of"]
    assert skipped["reason"]


def test_date_without_matured_horizon_is_refused(history: History, options: TrainOptions) -> None:
    with pytest.raises(InvalidInput, match="choose a date up to"):
        backtest(history, at_us=(history.as_of_us,), train=options)


def test_backtest_without_trainable_date_is_refused(history: History, options: TrainOptions) -> None:
    first_day = int(history.created_us.min()) + DAY_US
    with pytest.raises(InvalidInput, match="training needs"):
        backtest(history, at_us=(first_day,), train=options)


def test_progress_runs_from_0_to_1(history: History, options: TrainOptions) -> None:
    shares: list[float] = []
    backtest(history, origins=1, train=options, progress=lambda text, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] <= 1


def test_command_writes_json_run_and_report(crm: Path, home: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    line = ["backtest", str(crm), "--origins", "1", "--trials", "0", "--report", str(report), "--json"]
    result = CliRunner().invoke(leadcast, line, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    assert len(document["origins"]) == 1
    assert set(document["overall"]["baselines"]) == set(BASELINES)
    assert report.read_text().startswith("<!doctype html>")
    assert "stage_table" in result.stderr
    (logged,) = (home / "artifacts").rglob("backtest.json")
    assert document["run_id"] in str(logged)


def test_command_refuses_a_report_that_is_not_html(crm: Path) -> None:
    assert CliRunner().invoke(leadcast, ["backtest", str(crm), "--report", "page.txt"]).exit_code == 2
