"""What the metrics share: ranking, lift and relative error."""

import numpy as np
import pytest

from training.evaluation.metrics import best_first, lift_of, log_loss, relative_error


def test_equal_scores_do_not_keep_the_input_order() -> None:
    order = best_first(np.zeros(1000))
    assert sorted(order) == list(range(1000))
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    loss = log_loss(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert np.isfinite(loss).all()
    assert (loss > 10).all()


def test_lift_without_a_win_is_finite() -> None:
    assert lift_of(0.0, 0.0) == 0.0


@pytest.mark.parametrize(("predicted", "actual", "error"), [(150.0, 100.0, 0.5), (0.5, 0.0, -0.5)])
def test_relative_error_counts_at_least_one(predicted: float, actual: float, error: float) -> None:
    assert relative_error(predicted, actual) == pytest.approx(error)
