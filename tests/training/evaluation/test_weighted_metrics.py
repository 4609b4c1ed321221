"""Weighted metrics: weights of one agree with scikit-learn and plain formulas, whole weights with repeated rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history.base.arrays import Floats
from tests.builders.evaluated_rows import random_rows
from tests.training.evaluation.reference_metrics import gini, lift, reference_metrics
from training.evaluation.bootstrap import point_metrics
from training.evaluation.metrics import METRICS, best_first
from training.evaluation.weighted_metrics import SHARES, weighted_gini, weighted_median, weighted_metrics

SEEDS = [0, 1, 2]


def captured(worth: Floats, score: Floats, share: float) -> float:
    """Share of all worth (wins or revenue) that lies in the best `share` of rows."""
    total = float(worth.sum())
    top = best_first(score)[: max(1, round(len(worth) * share))]
    return float(worth[top].sum() / total) if total > 0 else float("nan")


def brier_parts(won: Floats, probability: Floats, bins: int = 10) -> dict[str, float]:
    """Calibration and refinement parts of the Brier score over equal-count bins (DeGroot and Fienberg 1983)."""
    groups = np.array_split(np.argsort(probability, kind="stable"), bins)
    groups = [g for g in groups if len(g)]
    n = len(won)
    calibration = sum(len(g) * (probability[g].mean() - won[g].mean()) ** 2 for g in groups) / n
    refinement = sum(len(g) * won[g].mean() * (1 - won[g].mean()) for g in groups) / n
    return {"calibration": float(calibration), "refinement": float(refinement)}


@pytest.mark.parametrize("seed", SEEDS)
def test_unit_weights_agree_with_the_reference(seed: int) -> None:
    rows = random_rows(seed)
    known = (rows.won == 0) | ~np.isnan(rows.amount)
    revenue = np.nan_to_num(rows.amount)[known]
    expected = (rows.probability * rows.expected_amount)[known]
    reference = reference_metrics(rows.won, rows.probability, revenue, expected)
    metrics = point_metrics(rows)
    assert set(reference) == set(METRICS)
    for name, value in reference.items():
        assert metrics[name] == pytest.approx(value), name


def test_ece_is_small_for_calibrated_probabilities() -> None:
    random = np.random.default_rng(0)
    rows = random_rows(0).take(random.integers(0, 100, 20_000))
    probability = random.uniform(0.05, 0.95, len(rows))
    won = (random.random(len(rows)) < probability).astype(float)
    calibrated = replace(rows, won=won, probability=probability)
    cubed = calibrated.with_probability(probability**3)
    assert point_metrics(calibrated)["ece"] < 0.02 < point_metrics(cubed)["ece"]


def test_gini_of_true_reverse_and_random_order() -> None:
    random = np.random.default_rng(0)
    amount, ones = random.lognormal(3, 1, 5000), np.ones((1, 5000))
    for score in (amount, -amount, random.random(5000)):
        assert weighted_gini(amount, score, ones)[0] == pytest.approx(gini(amount, score))
    assert weighted_gini(amount, amount, ones)[0] == pytest.approx(1.0)


def test_gini_without_amounts_is_undefined() -> None:
    assert np.isnan(weighted_gini(np.zeros(5), np.arange(5.0), np.ones((1, 5)))[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_brier_parts_agree_with_plain_sums(seed: int) -> None:
    rows = random_rows(seed)
    metrics, parts = point_metrics(rows), brier_parts(rows.won, rows.probability)
    assert metrics["brier_calibration"] == pytest.approx(parts["calibration"])
    assert metrics["brier_refinement"] == pytest.approx(parts["refinement"])


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("seed", SEEDS)
def test_top_shares_agree_with_plain_sums(seed: int, share: float) -> None:
    rows = random_rows(seed)
    metrics, percent = point_metrics(rows), round(100 * share)
    known = (rows.won == 0) | ~np.isnan(rows.amount)
    revenue = np.nan_to_num(rows.amount)[known]
    expected = (rows.probability * rows.expected_amount)[known]
    assert metrics[f"lift_{percent}"] == pytest.approx(lift(rows.won, rows.probability, share))
    wins_captured = captured(rows.won, rows.probability, share)
    assert metrics[f"wins_captured_{percent}"] == pytest.approx(wins_captured)
    assert metrics[f"revenue_captured_{percent}"] == pytest.approx(captured(revenue, expected, share))


def test_whole_weights_equal_repeated_rows() -> None:
    rows = random_rows(3, ties=False)
    weight = np.random.default_rng(3).integers(0, 4, len(rows))
    repeated = point_metrics(rows.take(np.repeat(np.arange(len(rows)), weight)))
    for name, value in weighted_metrics(rows, weight[None].astype(float)).items():
        if not name.startswith("brier_"):  # its groups are cut by rows, not by weight
            assert value[0] == pytest.approx(repeated[name]), name


def test_single_class_has_no_ranking() -> None:
    rows = random_rows(6)
    metrics = point_metrics(rows.take(np.flatnonzero(rows.won == 0)))
    assert np.isnan(metrics["auc"])
    assert np.isnan(metrics["pr_auc"])
    assert np.isfinite(metrics["log_loss"])


def test_one_row_has_metrics() -> None:
    assert np.isfinite(point_metrics(random_rows(6).take(np.array([0])))["log_loss"])


def test_calibration_part_is_small_if_calibrated() -> None:
    random = np.random.default_rng(0)
    probability = random.uniform(0.05, 0.95, 20_000)
    won = (random.random(len(probability)) < probability).astype(float)
    assert brier_parts(won, probability)["calibration"] < 0.001
    assert brier_parts(won, probability**3)["calibration"] > 0.02


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 3)), min_size=1, max_size=20))
def test_weighted_median_is_that_of_repeated_values(pairs: list[tuple[float, int]]) -> None:
    values, weight = np.array([v for v, _ in pairs]), np.array([w for _, w in pairs])
    median = weighted_median(values, weight[None].astype(float))[0]
    if weight.sum() == 0:
        assert np.isnan(median)
    else:
        assert median == pytest.approx(float(np.median(np.repeat(values, weight))))
