"""Tuning keeps the defaults unless another setting is surely better, and answers alike on the same data."""

from typing import Any

import numpy as np
import pytest

from models.parameters import Parameters
from training import tune as tuning
from training.rows.dataset import Rows
from training.rows.predictions import OutOfFold
from training.rows.splits import Split
from training.rows.training_set import TrainingSet
from training.tune import exceeds_chance, parameters_of, tune


def test_a_gain_within_its_error_is_none() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, 1, 400)
    lead = np.arange(400)
    assert not exceeds_chance(noise - noise.mean(), lead)
    assert exceeds_chance(noise - noise.mean() + 0.5, lead)
    assert not exceeds_chance(np.repeat(np.array([5.0, -4.0, 3.0, -3.0]), 100), np.repeat(np.arange(4), 100))


def test_vigour_goes_from_few_broad_leaves_to_many_narrow_ones() -> None:
    calm, usual, wild = (parameters_of(0.002, 0.8, 100, v) for v in (0.0, 0.5, 1.0))
    assert (calm.leaves, wild.leaves) == (4, 16)
    assert calm.leaves < usual.leaves < wild.leaves
    assert calm.l2 > usual.l2 > wild.l2
    assert calm.min_leaf_rows > usual.min_leaf_rows > wild.min_leaf_rows


@pytest.mark.parametrize(("better", "kept"), [(0.0, True), (0.8, False)])
def test_the_defaults_stay_unless_something_is_surely_better(
    better: float, kept: bool, monkeypatch: pytest.MonkeyPatch, world_rows: Rows
) -> None:
    """Margins made by hand: every other setting knows `better` of the outcome, the defaults know none of it."""
    rows = world_rows
    judge = np.arange(len(rows))
    split = Split(judge, judge, int(rows.snapshot.as_of_us.max()))
    training_set = TrainingSet(rows, np.zeros((len(rows), 1)), (), rows.snapshot.history.config.horizon_us)
    noise = np.random.default_rng(2).normal(size=len(rows))

    def predictions(
        _: TrainingSet, splits: list[Split], parameters: Parameters, *args: Any, **more: Any
    ) -> OutOfFold:
        known = 0.0 if parameters == Parameters() else better
        return OutOfFold(judge, np.zeros(len(rows), dtype=np.int64), noise + known * 4 * training_set.won)

    monkeypatch.setattr(tuning, "predict_splits", predictions)
    found = [tune(training_set, [split], 5, 0, lambda text, share: None) for _ in range(2)]
    assert (found[0] == Parameters()) == kept
    assert found[0] == found[1]
