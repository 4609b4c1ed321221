"""Bootstrap by lead: whole leads are drawn, intervals hold the metric and shrink with more leads."""

from dataclasses import replace

import numpy as np
import pytest

from tests.builders.evaluated_rows import LEADS, random_rows
from training.evaluation.bootstrap import (
    bootstrap_metrics,
    draw_counts,
    interval,
    metric_intervals,
    point_metrics,
)


def test_draw_takes_all_rows_of_a_lead() -> None:
    rows = random_rows(4)
    counts = draw_counts(LEADS, seed=1, draws=7)
    assert (counts.sum(axis=1) == LEADS).all()
    drawn = bootstrap_metrics(rows, counts)
    expected = []
    for count in counts:
        repeated = rows.take(np.repeat(np.arange(len(rows)), count[rows.lead]))
        expected.append(point_metrics(repeated)["log_loss"])
    assert drawn["log_loss"] == pytest.approx(expected)


def brier_interval_width(n: int) -> float:
    rows = replace(random_rows(5, n), lead=np.arange(n))
    ends = interval(bootstrap_metrics(rows, draw_counts(n, 0))["brier"])
    assert ends is not None
    low, high = ends
    assert low < point_metrics(rows)["brier"] < high
    return high - low


def test_interval_holds_the_metric_and_shrinks() -> None:
    assert brier_interval_width(2000) < brier_interval_width(100)


def test_undefined_metric_has_no_interval() -> None:
    rows = random_rows(6)
    lost = rows.take(np.flatnonzero(rows.won == 0))
    assert interval(bootstrap_metrics(lost, draw_counts(LEADS, 0))["auc"]) is None


@pytest.mark.parametrize("n", [60, 400, 4000])
def test_interval_of_a_calibration_error_holds_it(n: int) -> None:
    """The draws of a calibrated model's error lie above it: each adds its own noise."""
    for seed in range(3):
        rows = replace(random_rows(seed, n), lead=np.arange(n))
        rng = np.random.default_rng(seed)
        rows = replace(rows, won=(rng.random(n) < rows.probability).astype(rows.won.dtype))
        metrics, draws = point_metrics(rows), bootstrap_metrics(rows, draw_counts(n, 0))
        ends = metric_intervals(metrics, draws, ["ece", "brier"])
        assert ends["brier"] == interval(draws["brier"])
        assert ends["ece"] is not None
        low, high = ends["ece"]
        assert 0 <= low <= metrics["ece"] <= high
        assert metrics["ece"] < np.median(draws["ece"])
