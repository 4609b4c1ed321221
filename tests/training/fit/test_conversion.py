"""The final conversion model: calibrated on the training rows, and its base margin is the margin without features."""

import numpy as np
import pytest

from training.fit.calibration import level_weight
from training.fit.conversion import ConversionFit
from training.rows.training_set import TrainingSet


def test_probabilities_sum_to_the_wins_under_the_level_weight(
    training_set: TrainingSet, fit: ConversionFit
) -> None:
    probability = fit.calibration.probability(fit.model.margin(training_set.values))
    weight = level_weight(training_set)
    assert weight @ probability == pytest.approx(weight @ training_set.won, rel=1e-3)


def test_base_margin_and_contributions_add_up_to_the_margin(
    training_set: TrainingSet, fit: ConversionFit
) -> None:
    sample = np.ascontiguousarray(training_set.values[:50])
    contributions, base = fit.model.contributions(sample)
    assert base == fit.base_margin
    np.testing.assert_allclose(base + contributions.sum(axis=1), fit.model.margin(sample), atol=1e-9)


def test_recent_rows_weigh_more(training_set: TrainingSet, fit: ConversionFit) -> None:
    oldest_first = np.argsort(training_set.rows.snapshot.as_of_us, kind="stable")
    assert (np.diff(fit.weight[oldest_first]) >= 0).all()
    assert 0 < fit.weight.min() < fit.weight.max() <= 1
