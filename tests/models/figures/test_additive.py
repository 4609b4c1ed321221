"""Linear start plus trees: one additive margin, exactly explained, the same for one row and for many."""

from dataclasses import replace

import numpy as np
import pytest

from models.figures.additive import AdditiveModel
from tests.builders.small_models import QUICK, made_model, made_values, odd_values

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def model(request: pytest.FixtureRequest) -> AdditiveModel:
    return made_model(request.param)


def test_margin_is_the_base_and_the_parts(model: AdditiveModel) -> None:
    values = np.vstack([made_values(20, 200), odd_values()])
    parts, base = model.contributions(values)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.margin(values), rtol=0, atol=1e-9)


def test_the_base_is_the_mean_margin_over_the_rows_of_the_fit() -> None:
    """Reasons start from there: a lead like the mean of training has none. LightGBM's base is its trees' mean over
    rows by count, so equal weights make it exact.
    """
    model = made_model(5)
    values = made_values(5, 400)
    _, base = model.contributions(values)
    assert base == pytest.approx(model.margin(values).mean(), abs=0.02)


def test_one_row_is_bitwise_its_row_of_a_batch(model: AdditiveModel) -> None:
    values = np.vstack([made_values(21, 60), odd_values()])
    alone = [model.margin(values[i : i + 1]) for i in range(len(values))]
    assert np.concatenate(alone).tobytes() == model.margin(values).tobytes()
    parts, base = model.contributions(values)
    for i in range(0, len(values), 7):
        part, same = model.contributions(values[i : i + 1])
        assert part.tobytes() == parts[i : i + 1].tobytes()
        assert same == base


def test_without_trees_the_linear_start_counts_in_full() -> None:
    model = made_model(4, parameters=replace(QUICK, rounds=0))
    values = made_values(22, 50)
    assert model.trees is None
    assert model.share == 1.0
    np.testing.assert_allclose(model.margin(values), model.linear.margin(values), rtol=1e-12)
    parts, base = model.contributions(values)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.margin(values), rtol=0, atol=1e-12)


def test_the_same_rows_and_seed_give_the_same_trees() -> None:
    values = made_values(23, 80)
    first, again = made_model(6), made_model(6)
    assert first.margin(values).tobytes() == again.margin(values).tobytes()
