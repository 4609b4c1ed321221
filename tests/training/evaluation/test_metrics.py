"""Metrics: their properties on perfect, random and wrong predictions."""

import numpy as np
import pytest

from training.evaluation.metrics import best_first, conversion_metrics, ece, gini, lift, revenue_metrics


def test_ece_is_small_for_calibrated_probabilities() -> None:
    random = np.random.default_rng(0)
    probability = random.uniform(0.05, 0.95, 20_000)
    won = (random.random(len(probability)) < probability).astype(float)
    assert ece(won, probability) < 0.02 < ece(won, probability**3)


def test_gini_of_true_reverse_and_random_order() -> None:
    random = np.random.default_rng(0)
    amount = random.lognormal(3, 1, 5000)
    assert gini(amount, amount) == pytest.approx(1.0)
    assert gini(amount, -amount) < -0.9
    assert abs(gini(amount, random.random(5000))) < 0.05


def test_gini_without_amounts_is_undefined() -> None:
    assert np.isnan(gini(np.zeros(5), np.arange(5.0)))
    assert np.isnan(gini(np.ones(1), np.ones(1)))


def test_lift_of_the_true_order_is_the_inverse_win_rate() -> None:
    won = np.array([1.0] * 10 + [0.0] * 90)
    assert lift(won, won, share=0.1) == pytest.approx(10.0)


def test_equal_scores_do_not_keep_the_input_order() -> None:
    order = best_first(np.zeros(1000))
    assert sorted(order) == list(range(1000))
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


def test_single_class_has_no_ranking() -> None:
    metrics = conversion_metrics(np.zeros(5), np.full(5, 0.2))
    assert np.isnan(metrics["auc"])
    assert np.isnan(metrics["pr_auc"])
    assert np.isfinite(metrics["log_loss"])
    assert metrics["wins_error"] == 0.0


def test_revenue_error_is_relative_to_the_actual_total() -> None:
    assert revenue_metrics([100.0, 0.0], [60.0, 90.0])["revenue_error"] == pytest.approx(0.5)
    assert np.isnan(revenue_metrics([0.0], [60.0])["revenue_error"])
