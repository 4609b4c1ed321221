"""Expected amounts and their interval: a mixture of zeros and sizes, held to a Monte-Carlo reference."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.arrays import Floats
from models.figures.amount import AmountModel
from tests.builders.leads.lead_histories import CALM
from tests.builders.small_models import made_model, made_values, odd_values

LEVELS = np.linspace(0, 1, 101)


def normal_residuals(sigma: float) -> Floats:
    return np.asarray(np.quantile(np.random.default_rng(0).normal(0, sigma, 100_000), LEVELS))


def constant(level: float, rate: float, sigma: float = 1.0) -> AmountModel:
    return AmountModel(
        None, level, None, rate, float(np.exp(sigma**2 / 2)), LEVELS, normal_residuals(sigma), False
    )


def varying() -> AmountModel:
    return AmountModel(made_model(1), 0.0, made_model(2), 0.5, 1.3, LEVELS, np.linspace(-1.5, 1.5, 101), True)


@pytest.mark.parametrize("rate", [1.0, 0.95, 0.6, 0.15, 0.05, 0.0])
def test_mean_and_interval_are_those_of_the_mixture(rate: float) -> None:
    """A tenth below, a tenth above, zeros counted: against a million drawn amounts."""
    random = np.random.default_rng(1)
    drawn = np.exp(7 + random.normal(0, 1, 1_000_000)) * (random.random(1_000_000) < rate)
    mean, low, high = (float(a[0]) for a in constant(7.0, rate).predict(np.zeros((1, 3))))
    assert mean == pytest.approx(drawn.mean(), rel=0.02, abs=1e-9)
    assert low == pytest.approx(np.quantile(drawn, 0.1), rel=0.05, abs=1e-9)
    assert high == pytest.approx(np.quantile(drawn, 0.9), rel=0.05, abs=1e-9)


@given(st.floats(-5, 20), st.floats(0, 1), st.floats(0.0, 2.5))
@CALM
def test_amounts_are_finite_ordered_and_not_negative(level: float, rate: float, sigma: float) -> None:
    mean, low, high = constant(level, rate, sigma).predict(np.zeros((2, 1)))
    assert (np.isfinite([mean, low, high])).all()
    assert ((low >= 0) & (low <= high) & (mean >= 0)).all()


def test_expected_amount_is_chance_times_factor_times_size() -> None:
    model = varying()
    assert model.size is not None
    assert model.positive is not None
    values = made_values(3, 100)
    by_hand = 1 / (1 + np.exp(-model.positive.margin(values))) * 1.3 * np.exp(model.size.margin(values))
    np.testing.assert_allclose(model.predict(values)[0], by_hand, rtol=1e-12)


def test_one_lead_is_bitwise_its_row_of_a_batch() -> None:
    model, values = varying(), np.vstack([made_values(4, 40), odd_values()])
    together = np.array(model.predict(values))
    alone = np.hstack([np.array(model.predict(values[i : i + 1])) for i in range(len(values))])
    assert alone.tobytes() == together.tobytes()


def test_json_round_trip_is_bitwise() -> None:
    model, values = varying(), made_values(5, 50)
    back = AmountModel.from_dict(json.loads(json.dumps(model.to_dict())), model.size, model.positive)
    assert np.array(back.predict(values)).tobytes() == np.array(model.predict(values)).tobytes()


def test_an_absurd_size_is_cut_not_infinite() -> None:
    mean, low, high = constant(1e9, 1.0).predict(np.zeros((1, 1)))
    assert np.isfinite([mean, low, high]).all()
