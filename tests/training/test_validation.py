"""Validation of a training set: predictions for the evaluated rows of every split, and of leads held out."""

import numpy as np
import pytest

from history.base.progress import no_progress
from training.rows.training_set import TrainingSet
from training.validation import Validation, evaluate_validation, validate


@pytest.fixture(scope="module")
def validation(training_set: TrainingSet) -> Validation:
    return validate(training_set, 0, 0, no_progress)


def test_every_evaluated_row_is_predicted_once(validation: Validation) -> None:
    assert validation.predictions is not None
    expected = np.concatenate([split.evaluated for split in validation.splits])
    assert sorted(validation.predictions.rows.tolist()) == sorted(expected.tolist())
    for split in validation.splits:
        assert not set(split.fit.tolist()) & set(split.evaluated.tolist())


def test_evaluation_has_the_losses_of_held_out_leads(
    training_set: TrainingSet, validation: Validation
) -> None:
    evaluation = evaluate_validation(training_set, validation, 0)
    assert evaluation is not None
    assert set(evaluation.held_out) == {"log_loss", "base_rate"}
    assert evaluation.method == validation.method


def test_without_predictions_there_is_no_evaluation(
    training_set: TrainingSet, validation: Validation
) -> None:
    nothing = Validation([], validation.method, validation.capacity, None, None)
    assert evaluate_validation(training_set, nothing, 0) is None
