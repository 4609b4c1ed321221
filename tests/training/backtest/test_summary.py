"""Figures over all dates are means over the dates; pooled ones are those of all rows."""

import numpy as np
import pytest

from training.backtest.backtest import Backtest
from training.backtest.summary import close_time_pit
from training.evaluation.bootstrap import point_metrics


def test_overall_is_the_mean_over_dates(result: Backtest) -> None:
    overall = result.result["overall"]
    by_date = [origin["metrics"]["auc"] for origin in result.result["origins"]]
    assert overall["metrics"]["auc"] == pytest.approx(np.mean(by_date))


def test_differences_lie_between_model_and_baseline(result: Backtest) -> None:
    overall = result.result["overall"]
    for name, difference in overall["differences"].items():
        expected = overall["metrics"]["log_loss"] - overall["baselines"][name]["log_loss"]
        assert difference["log_loss"]["difference"] == pytest.approx(expected)
        low, high = difference["log_loss"]["interval"]
        assert low <= high


def test_pooled_metrics_of_one_date_are_its_own(result: Backtest) -> None:
    (replay,) = result.replays
    assert result.result["pooled"]["metrics"] == pytest.approx(point_metrics(replay.rows), nan_ok=True)


def test_close_times_are_counted_by_tenth() -> None:
    pit = close_time_pit(np.array([0.0, 0.05, 0.95, 1.0, np.nan]))
    assert pit == {"wins": 4, "pit": [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]}
