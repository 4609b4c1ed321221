"""A backtest as text: intervals in brackets, a dash for what is not known, dates left out with their reason."""

import math
from typing import Any

import pytest

from cli.shown.backtest_text import echo_forecast, echo_scores
from training.evaluation.metrics import METRICS

METRIC_VALUES = {**dict.fromkeys(METRICS, 0.5), "leads": 9, "wins": 2, "wins_expected": 2.5, "auc": 0.8124}
INTERVALS = {"auc": [0.79, 0.8341], "log_loss": None, "ece": None}


def result() -> dict[str, Any]:
    difference = {"difference": 0.01, "interval": [-0.02, 0.04]}
    unknown = {"difference": math.nan, "interval": None}
    return {
        "skipped": [{"as_of": "2026-01-01T00:00:00Z", "reason": "too few wins"}],
        "origins": [
            {
                "as_of": "2026-02-01T00:00:00Z",
                "metrics": {**METRIC_VALUES, "ece": math.nan, "abstained": 1},
                "intervals": INTERVALS,
                "signal": "usable",
            }
        ],
        "overall": {
            "metrics": METRIC_VALUES,
            "baselines": {"base_rate": METRIC_VALUES},
            "differences": {"base_rate": {"auc": difference, "log_loss": unknown}},
        },
        "by": {"owner": [{"value": "Ann", "metrics": METRIC_VALUES, "intervals": INTERVALS}]},
    }


def test_scores_show_intervals_and_unknown_values(capsys: pytest.CaptureFixture[str]) -> None:
    echo_scores(result())
    text = capsys.readouterr().err
    assert "2026-01-01 left out: too few wins" in text
    assert "0.812 [0.790, 0.834]" in text
    assert "+0.0100 [-0.0200, +0.0400]" in text
    row = next(line for line in text.splitlines() if line.lstrip().startswith("2026-02-01"))
    assert row.count(" - ") == 1, "the calibration error is not known"
    assert "by owner:" in text
    assert "nan" not in text


def test_forecast_without_revenue_shows_wins_alone(capsys: pytest.CaptureFixture[str]) -> None:
    step = {"step": 1, "cells": 3, "mae": 1.0}
    methods = {"forecast": {"cells": 3, "mae": 1.0, "by_step": [step]}, "mean": {"cells": 3, "mae": 2.0}}
    echo_forecast({"skipped": [], "origins": [{}, {}], "wins": methods}, "month")
    text = capsys.readouterr().err
    assert "2 past dates, months:" in text
    assert "wins, forecast by period ahead:" in text
    assert "revenue" not in text
