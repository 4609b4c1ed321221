"""Compiled steps of a score against numpy and brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.figures.kernel import NO_REFERENCE, interpolated, largest, midrank
from tests.builders.leads.lead_histories import CALM

places_and_values = st.lists(st.tuples(st.floats(1e-3, 5.0), st.floats(-5, 5)), min_size=1, max_size=9)


@given(places_and_values, st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
@CALM
def test_interpolation_is_numpys_to_the_last_bit(
    drawn: list[tuple[float, float]], numbers: list[float]
) -> None:
    steps, values = np.array(drawn).T.copy()
    places = np.cumsum(steps)
    x = np.concatenate([np.array(numbers), places])
    assert interpolated(x, places, values).tolist() == np.interp(x, places, values).tolist()


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5]), min_size=1, max_size=12), st.floats(0, 1))
@CALM
def test_midrank_is_the_share_below_and_half_the_share_equal(numbers: list[float], p: float) -> None:
    reference = np.sort(np.array(numbers))
    for x in (p, numbers[0]):
        share = (sum(n < x for n in numbers) + 0.5 * sum(n == x for n in numbers)) / len(numbers)
        assert midrank(reference, np.array([x]))[0] == pytest.approx(100 * share, abs=0.0501)


def test_without_leads_to_compare_with_the_rank_is_in_the_middle() -> None:
    assert midrank(np.zeros(0), np.array([0.1, 0.9])).tolist() == [NO_REFERENCE] * 2


@given(st.lists(st.sampled_from([0.0, 1.0, -1.0, 2.5, -2.5, 3.0]), max_size=12), st.integers(0, 12))
@CALM
def test_the_largest_come_first_and_equal_ones_by_column(numbers: list[float], most: int) -> None:
    order = np.empty(min(most, len(numbers)), dtype=np.int64)
    largest(np.array(numbers, dtype=np.float64), order)
    assert order.tolist() == np.argsort(-np.abs(np.array(numbers)), kind="stable")[:most].tolist()
