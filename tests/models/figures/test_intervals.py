"""Intervals of a probability: around it, inside (0, 1), wide if little was seen."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from models.figures.intervals import NEVER_SURE, LogOddsError, open_rate_interval, rate_interval
from models.figures.kernel import BOUND, Z80, sigmoid
from tests.builders.leads.lead_histories import CALM

logits = st.lists(st.floats(-BOUND, BOUND), min_size=1, max_size=20)
deviations = st.lists(st.floats(0.05, 3.0), min_size=3, max_size=3)


@given(logits, deviations)
@CALM
def test_the_interval_holds_its_probability_and_lies_inside(numbers: list[float], wide: list[float]) -> None:
    spread = LogOddsError(np.array([-2.0, 0.0, 2.0]), np.array(wide))
    x = np.array(numbers)
    low, high = spread.interval(x)
    p = sigmoid(x)
    assert ((low > 0) & (low < p) & (p < high) & (high < 1)).all()


def test_the_error_is_linear_inside_and_constant_beyond() -> None:
    spread = LogOddsError(np.array([-1.0, 1.0]), np.array([0.5, 1.5]))
    low, _ = spread.interval(np.array([-5.0, 0.0, 5.0]))
    np.testing.assert_allclose(low, sigmoid(np.array([-5.0, 0.0, 5.0]) - Z80 * np.array([0.5, 1.0, 1.5])))


def test_json_round_trip_is_bitwise() -> None:
    spread = LogOddsError(np.array([-1.1, 0.3, 2.7]), np.array([0.1, 0.2, 0.7]))
    back = LogOddsError.from_dict(json.loads(json.dumps(spread.to_dict())))
    x = np.linspace(-9, 9, 101)
    assert np.array(back.interval(x)).tobytes() == np.array(spread.interval(x)).tobytes()


@given(st.floats(0, 1), st.floats(0, 1e6))
@CALM
def test_the_interval_of_a_rate_holds_it_and_lies_inside(rate: float, leads: float) -> None:
    low, high = open_rate_interval(rate, leads)
    assert 0 < low < high < 1
    assert low <= max(rate, 1e-6) + 1e-9
    assert high >= min(rate, 1 - 1e-6) - 1e-9


@given(st.floats(0.01, 0.99), st.integers(2, 1000))
@CALM
def test_more_leads_narrow_the_interval_of_a_rate(rate: float, leads: int) -> None:
    low, high = open_rate_interval(rate, leads)
    nearer, further = open_rate_interval(rate, 4 * leads)
    assert further - nearer < high - low


@pytest.mark.parametrize("leads", [25, 60, 500])
def test_the_interval_of_a_rate_covers_80_percent(leads: int) -> None:
    """Exactly, by the binomial distribution, averaged over true rates: single rates jump with the counts."""

    def cover(rate: float) -> float:
        low, high = np.array([open_rate_interval(k / leads, leads) for k in range(leads + 1)]).T
        return float(binom.pmf(np.flatnonzero((low <= rate) & (rate <= high)), leads, rate).sum())

    assert 0.77 <= np.mean([cover(rate) for rate in np.linspace(0.05, 0.6, 56)]) <= 0.83


@given(st.floats(0, 1), st.integers(1, 10_000))
@CALM
def test_both_forms_of_the_interval_agree(rate: float, n: int) -> None:
    low, high = rate_interval(rate, n)
    open_low, open_high = open_rate_interval(rate, n)
    assert 0 <= low <= high <= 1
    assert open_low == pytest.approx(max(low, NEVER_SURE), abs=1e-12)
    assert open_high == pytest.approx(min(high, 1 - NEVER_SURE), abs=1e-12)


def test_nothing_seen_gives_the_widest_interval() -> None:
    assert rate_interval(0.3, 0) == (0.0, 1.0)
    assert rate_interval(float("nan"), 5) == (0.0, 1.0)
