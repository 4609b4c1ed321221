"""The rows and contributions that a report plots."""

import numpy as np

from history.history import History
from training.holdout import holdout_of
from training.train import Trained


def test_without_an_evaluation_nothing_is_plotted(small_trained: Trained, small_history: History) -> None:
    assert holdout_of(small_trained.bundle, None, small_history) is None


def test_contributions_and_values_are_of_the_same_leads(small_trained: Trained) -> None:
    holdout = small_trained.holdout
    assert holdout is not None
    assert holdout.contributions is not None
    assert holdout.values is not None
    assert holdout.contributions.shape == holdout.values.shape == (len(holdout.values), len(holdout.names))
    assert len(holdout.stage) == len(holdout.won)
    assert np.isfinite(holdout.contributions).all()
