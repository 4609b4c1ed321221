"""Tuning keeps the defaults unless another setting is certainly better, and chooses alike on the same data."""

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


def test_a_gain_within_its_error_is_chance() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, 1, 400)
    lead = np.arange(400)
    assert not exceeds_chance(noise - noise.mean(), lead)
    assert exceeds_chance(noise - noise.mean() + 0.5, lead)
    assert not exceeds_chance(np.repeat(np.array([5.0, -4.0, 3.0, -3.0]), 100), np.repeat(np.arange(4), 100))


def test_vigour_goes_from_broad_to_narrow_leaves() -> None:
    calm, usual, wild = (parameters_of(0.002, 0.8, 100, v) for v in (0.0, 0.5, 1.0))
    assert (calm.leaves, wild.leaves) == (4, 16)
    assert calm.leaves < usual.leaves < wild.leaves
    assert calm.l2 > usual.l2 > wild.l2
    assert calm.min_leaf_rows > usual.min_leaf_rows > wild.min_leaf_rows


@pytest.mark.parametrize(("better", "defaults_stay"), [(0.0, True), (0.8, False)])
def test_defaults_stay_unless_another_is_certainly_better(
    better: float, defaults_stay: bool, monkeypatch: pytest.MonkeyPatch, world_rows: Rows
) -> None:
    """Margins by hand: every other setting holds `better` of the outcome, the defaults hold none of it."""
    rows = world_rows
    every_row = np.arange(len(rows))
    split = Split(every_row, every_row, int(rows.snapshot.as_of_us.max()))
    training_set = TrainingSet(rows, np.zeros((len(rows), 1)), (), rows.snapshot.history.config.horizon_us)
    noise = np.random.default_rng(2).normal(size=len(rows))

    def predictions(
        _: TrainingSet, splits: list[Split], parameters: Parameters, *args: Any, **more: Any
    ) -> OutOfFold:
        information = 0.0 if parameters == Parameters() else better
        return OutOfFold(
            every_row, np.zeros(len(rows), dtype=np.int64), noise + information * 4 * training_set.won
        )

    monkeypatch.setattr(tuning, "predict_splits", predictions)
    chosen = [tune(training_set, [split], 5, 0, lambda text, share: None) for _ in range(2)]
    assert (chosen[0] == Parameters()) == defaults_stay
    assert chosen[0] == chosen[1]
