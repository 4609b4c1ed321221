"""The additive margin: parts sum to it, rows do not know of each other, unseen values do no harm."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.base.arrays import Floats
from models.figures.linear import LOGS, LinearModel, linear_stack, row_sums, write_numbers
from tests.builders.leads.lead_histories import CALM
from tests.builders.small_models import CODES, NUMBERS, made_model, made_values, odd_values

SEEDS = (1, 2, 3)


def brute_margin(model: LinearModel, row: list[float]) -> float:
    """The class's own sentence, in plain Python."""
    total = 0.0
    for j, x in enumerate(row):
        if model.is_category[j]:
            code = 0 if np.isnan(x) else int(x)
            code = code if 0 <= code < model.width[j] else 1
            total += model.levels[model.start[j] + code]
        elif np.isnan(x):
            total += model.missing[j]
        else:
            number = np.sign(x) * np.log1p(abs(x)) if model.is_log[j] else x
            z = (number - model.mean[j]) / model.scale[j]
            total += model.slope[j] * min(max(z, model.low[j]), model.high[j]) + model.shift[j]
    return float(total + model.intercept)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("logs", ["all", "some"])
def test_margins_follow_the_definition(seed: int, logs: str) -> None:
    model = made_model(seed).linear
    assert model.is_log[:NUMBERS].all()  # heavy tails
    if logs == "some":
        model = replace(model, is_log=np.arange(len(model.is_log)) % 2 == 0)
    values = np.vstack([made_values(seed + 10, 60), odd_values()[:2]])
    expected = [brute_margin(model, row) for row in values.tolist()]
    np.testing.assert_allclose(model.margin(values), expected, rtol=1e-12, atol=1e-12)
    stack = linear_stack([made_model(seed).linear, model], [0.5, 1.0])
    out = np.empty((2, len(values)))
    stack.margins(values, out)
    assert out[1].tobytes() == model.margin(values).tobytes()


def test_an_older_model_reads_all_numbers_as_logarithms() -> None:
    model = made_model(1).linear
    content = model.to_dict()
    del content["is_log"]
    back = LinearModel.from_dict(content)
    values = made_values(2, 20)
    assert back.margin(values).tobytes() == model.margin(values).tobytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_contributions_sum_to_the_margin(seed: int) -> None:
    model = made_model(seed).linear
    values = np.vstack([made_values(seed + 20, 200), odd_values()])
    parts = model.contributions(values)
    np.testing.assert_allclose(parts.sum(axis=1) + model.intercept, model.margin(values), rtol=1e-12)
    assert np.isfinite(parts).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_row_is_bitwise_its_row_of_a_batch(seed: int) -> None:
    model = made_model(seed).linear
    values = made_values(seed + 30, 50)
    alone = np.concatenate([model.margin(values[i : i + 1]) for i in range(len(values))])
    assert alone.tobytes() == model.margin(values).tobytes()
    assert model.margin(values[::-1].copy())[::-1].tobytes() == model.margin(values).tobytes()


def test_codes_out_of_range_count_as_unseen() -> None:
    model = made_model(4).linear
    values = np.repeat(made_values(5, 1), 5, axis=0)
    values[:, NUMBERS] = [1.0, 99.0, -3.0, 0.0, np.nan]
    margin = model.margin(values)
    assert margin[0] == margin[1] == margin[2]
    assert margin[3] == margin[4]


def test_a_number_far_out_counts_as_five_deviations() -> None:
    """One absurd entry in a CRM must not make a sure winner."""
    model = made_model(6).linear
    values = np.repeat(made_values(7, 1), 2, axis=0)
    values[:, 0] = [1e30, 1e300]
    margin = model.margin(values)
    assert margin[0] == margin[1]


def test_json_round_trip_is_bitwise() -> None:
    model = made_model(8).linear
    back = LinearModel.from_dict(json.loads(json.dumps(model.to_dict())))
    values = np.vstack([made_values(9, 100), odd_values()])
    assert back.margin(values).tobytes() == model.margin(values).tobytes()


def test_effects_have_mean_zero_over_the_rows_of_the_fit() -> None:
    """So that the intercept is the mean margin and a reason says what differs from the usual lead."""
    values = made_values(11, 400)
    parts = made_model(11).linear.contributions(values)
    np.testing.assert_allclose(parts.mean(axis=0), 0.0, atol=1e-12)


def signed_log(x: Floats) -> Floats:
    out = np.empty((len(x), 1))
    write_numbers(x[:, None], np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.bool_), out)
    return out[:, 0]


def test_signed_logs_of_counts_are_those_of_the_c_library_to_the_last_bit() -> None:
    """Counts are read from a table, what lies between and beyond them is not."""
    x = np.r_[-0.0, np.arange(2 * len(LOGS)) / 2, -np.arange(9.0), 1e9, np.inf, -np.inf]
    expected = [math.copysign(math.log1p(abs(number)), number) for number in x.tolist()]
    np.testing.assert_array_equal(signed_log(x), expected)
    assert np.isnan(signed_log(np.array([np.nan]))).all()


@given(st.lists(st.one_of(st.floats(-1e12, 1e12), st.integers(-2000, 2000).map(float)), min_size=1))
@CALM
def test_signed_log_is_odd_and_keeps_order(numbers: list[float]) -> None:
    x = np.sort(np.array(numbers))
    y = signed_log(x)
    assert (np.diff(y) >= 0).all()
    np.testing.assert_array_equal(signed_log(-x), -y)
    assert (np.sign(y) == np.sign(x)).all()


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**32 - 1))
@CALM
def test_row_sums_add_left_to_right(n: int, k: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(n, k)) * 10.0 ** np.arange(k)
    expected = [sum(row, 0.0) if k else 0.0 for row in values.tolist()]
    total = []
    for row in values.tolist():
        running = 0.0
        for x in row:
            running += x
        total.append(running)
    assert row_sums(values).tolist() == total
    np.testing.assert_allclose(row_sums(values), expected, rtol=1e-9, atol=1e-9)


def test_every_code_of_training_has_its_own_level() -> None:
    model = made_model(12).linear
    assert model.width[NUMBERS:].tolist() == [CODES, CODES]
    assert len(model.levels) == int(model.width.sum())


def test_effects_in_blocks_are_those_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made_model(1).linear
    values = made_values(2, 50)
    whole = row_sums(model.contributions(values))
    for block in (1, 7, 49, 50, 51):
        monkeypatch.setattr("models.figures.linear.BLOCK", block)
        assert model.effects(values).tolist() == whole.tolist()
    assert model.effects(values[:0]).shape == (0,)
