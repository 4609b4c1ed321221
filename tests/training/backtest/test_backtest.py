"""The replay: every origin stands where training and scoring of that day would have stood; what came judges it."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cli.main import leadcast
from history.errors import InvalidInput
from history.history import DAY_US, WON, History
from history.read import read_folder
from history.snapshot import open_leads
from models.scorer import score
from training.backtest.backtest import Backtest, backtest
from training.backtest.dates import default_dates, first_trainable_us
from training.backtest.groups import grouping_columns
from training.backtest.plots import plots
from training.backtest.report import page
from training.evaluation.baselines import BASELINES
from training.evaluation.bootstrap import point_metrics
from training.evaluation.grouping import NO_VALUE, REST, group_labels, selected
from training.train import TrainOptions, train

OPTIONS = TrainOptions(trials=0)


@pytest.fixture(scope="module")
def history(crm: Path) -> History:
    return read_folder(crm)


@pytest.fixture(scope="module")
def found(history: History) -> Backtest:
    origin = default_dates(history, 1)[0]
    return backtest(history, at_us=(origin - 200 * DAY_US, origin), by=("industry",), train=OPTIONS)


def test_an_origin_scores_as_training_and_scoring_at_that_date_would(crm: Path, found: Backtest) -> None:
    replayed = found.replays[-1]
    past = read_folder(crm, as_of_us=replayed.origin_us)
    trained = train(past, OPTIONS)
    scores = score(trained.bundle, open_leads(past, replayed.origin_us), reasons=0)
    assert (scores.probability == replayed.rows.probability).all()
    assert trained.metrics == replayed.trained.metrics


def test_outcomes_are_those_of_the_horizon_after_the_origin(history: History, found: Backtest) -> None:
    replayed = found.replays[-1]
    until = replayed.origin_us + history.config.horizon_us
    outcomes = history.outcomes
    for lead, won in zip(replayed.rows.lead, replayed.rows.won, strict=True):
        rows = slice(outcomes.offsets[lead], outcomes.offsets[lead + 1])
        decided = [
            state
            for state, at in zip(outcomes.state[rows], outcomes.time_us[rows], strict=True)
            if replayed.origin_us < at <= until and state != 0
        ]
        assert won == (decided[:1] == [WON])


def test_every_baseline_is_judged_on_the_models_rows(found: Backtest) -> None:
    replayed, origin = found.replays[-1], found.result["origins"][-1]
    assert set(replayed.baselines) == set(BASELINES)
    assert all(
        len(p) == len(replayed.rows) and ((p > 0) & (p < 1)).all() for p in replayed.baselines.values()
    )
    assert {m["leads"] for m in origin["baselines"].values()} == {origin["metrics"]["leads"]}
    assert origin["baselines"]["base_rate"]["auc"] == 0.5
    assert len(set(replayed.baselines["base_rate"])) == 1


def test_groups_hold_every_row_once(found: Backtest) -> None:
    rows = sum(len(r.rows) for r in found.replays)
    assert set(found.result["by"]) == {"stage", "source", "owner", "lead_age", "age_group", "industry"}
    for groups in found.result["by"].values():
        assert sum(g["metrics"]["leads"] for g in groups) == rows
        chosen = sum(g["metrics"]["leads"] * g["selection_rate"] for g in groups)
        assert chosen == pytest.approx(sum(selected(r.rows.probability).sum() for r in found.replays))


def test_an_origin_that_cannot_be_trained_is_left_out_with_the_reason(found: Backtest) -> None:
    assert len(found.result["skipped"]) == 1
    assert found.result["skipped"][0]["as_of"] < found.result["origins"][0]["as_of"]
    assert found.result["skipped"][0]["reason"]


def test_overall_is_the_mean_over_origins(found: Backtest) -> None:
    result = found.result
    assert result["overall"]["metrics"]["auc"] == pytest.approx(
        np.mean([o["metrics"]["auc"] for o in result["origins"]])
    )
    for name, gap in result["overall"]["differences"].items():
        by_hand = result["overall"]["metrics"]["log_loss"] - result["overall"]["baselines"][name]["log_loss"]
        assert gap["log_loss"]["difference"] == pytest.approx(by_hand)
        low, high = gap["log_loss"]["interval"]
        assert low <= high
    assert result["pooled"]["metrics"] == pytest.approx(point_metrics(found.replays[0].rows), nan_ok=True)


@pytest.mark.parametrize("most", [1, 2, 5, 12, 100])
def test_dates_are_midnights_whose_horizon_has_ended_and_that_keep_their_distance(
    history: History, most: int
) -> None:
    dates = default_dates(history, most)
    horizon, first = history.config.horizon_us, first_trainable_us(history)
    assert 1 <= len(dates) <= most
    assert dates == sorted(dates)
    assert all(at % DAY_US == 0 and at + horizon <= history.as_of_us for at in dates)
    assert first is not None
    assert all(at >= first - DAY_US for at in dates)
    assert all(b - a >= horizon // 4 for a, b in pairwise(dates))
    assert history.as_of_us - horizon - dates[-1] < DAY_US


def test_what_cannot_be_judged_is_refused_in_words(history: History) -> None:
    with pytest.raises(InvalidInput, match="choose a date up to"):
        backtest(history, at_us=(history.as_of_us,), train=OPTIONS)
    with pytest.raises(InvalidInput, match=r"--by nothing.*industry"):
        grouping_columns(history, ["nothing"])
    with pytest.raises(InvalidInput, match="training needs"):
        backtest(history, at_us=(int(history.created_us.min()) + DAY_US,), train=OPTIONS)


def test_numbers_are_grouped_in_bands_and_rare_words_together() -> None:
    bands = group_labels([str(x) for x in range(40)] + [NO_VALUE])
    assert bands[-1] == NO_VALUE
    assert len(set(bands)) == 5
    words = group_labels([f"w{i}" for i in range(30)] + [f"w{i}" for i in range(5)])
    assert len(set(words)) == 21
    assert words.count(REST) == 10
    assert group_labels(["1", "2", "2"]) == ["1", "2", "2"]


def test_the_page_is_whole_and_calls_nobody(found: Backtest) -> None:
    text = page(found)
    drawn = plots(found)
    assert {"Reliability", "Lift", "Capture", "Wins over time", "Revenue over time", "When wins came"} <= set(
        drawn
    )
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", text.split("</head>")[0])
    assert all(title in text for title in drawn)
    assert "logistic regression" in text


def test_the_command_prints_json_logs_a_run_and_writes_the_page(
    crm: Path, home: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    line = ["backtest", str(crm), "--origins", "1", "--trials", "0", "--report", str(report), "--json"]
    result = CliRunner().invoke(leadcast, line, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    assert len(answer["origins"]) == 1
    assert set(answer["overall"]["baselines"]) == set(BASELINES)
    assert report.read_text().startswith("<!doctype html>")
    assert "stage_table" in result.stderr
    kept = list((home / "artifacts").rglob("backtest.json"))
    assert len(kept) == 1
    assert answer["run_id"] in str(kept[0])
    assert CliRunner().invoke(leadcast, ["backtest", str(crm), "--report", "page.txt"]).exit_code == 2
