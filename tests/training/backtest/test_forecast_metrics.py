"""Metrics of forecasts equal their published formulas, computed by hand."""

import pytest

from training.backtest.forecast_metrics import NO_ESTIMATE, Cell, Estimate, summarize_cells


def cell(actual: float, forecast: Estimate) -> Cell:
    estimates = {
        "forecast": forecast,
        "stage_pipeline": Estimate(5.0),
        "stage_pipeline_and_new": NO_ESTIMATE,
        "last_periods": NO_ESTIMATE,
        "year_before": NO_ESTIMATE,
    }
    return Cell(0, 1, "wins", actual, estimates)


CELLS = [
    cell(10, Estimate(expected=8, p10=6, p50=8, p90=12)),
    cell(20, Estimate(expected=12, p10=10, p50=12, p90=15)),
]


def test_metrics_of_an_interval() -> None:
    metrics = summarize_cells(CELLS)["wins"]["forecast"]
    assert metrics["mae"] == 5.0
    assert metrics["bias"] == pytest.approx(20 / 30 - 1)
    assert metrics["coverage"] == 0.5
    assert metrics["interval_score"] == pytest.approx((6 + (5 + 10 * 5)) / 2)
    first = (0.1 * 4 + 0.5 * 2 + 0.1 * 2) / 3
    second = (0.1 * 10 + 0.5 * 8 + 0.9 * 5) / 3
    assert metrics["pinball"] == pytest.approx((first + second) / 2)


def test_methods_without_interval_or_estimate() -> None:
    metrics = summarize_cells(CELLS)["wins"]
    assert metrics["stage_pipeline"]["mae"] == 10.0
    assert metrics["stage_pipeline"]["coverage"] is None
    assert metrics["year_before"] == {"cells": 0, "by_step": [{"step": 1, "cells": 0}]}


def test_cells_are_records_without_nan() -> None:
    first = summarize_cells(CELLS)["cells"][0]
    assert first["forecast"] == [8, 6, 8, 12]
    assert first["stage_pipeline"] == [5.0, None, None, None]
    assert first["year_before"] is None
