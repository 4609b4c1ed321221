"""The map from margins to probabilities: strictly monotone, inside (0, 1), the same after JSON."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.figures.calibration import MIN_SLOPE, Calibration, bisect_shift, line, log_odds, shifted_to_total
from models.figures.kernel import BOUND, sigmoid
from tests.builders.leads.lead_histories import CALM

steps = st.lists(st.floats(1e-3, 5.0), min_size=1, max_size=8)
margins = st.lists(st.floats(-50, 50), min_size=2, max_size=20)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    """Any increasing piecewise-linear map of at least two knots."""
    across = draw(steps)
    up = draw(st.lists(st.floats(1e-2, 3.0), min_size=len(across), max_size=len(across)))
    start = draw(st.floats(-5, 5))
    return Calibration(
        start + np.concatenate(([0.0], np.cumsum(across))), -1.0 + np.concatenate(([0.0], np.cumsum(up)))
    )


@given(calibrations(), margins)
@CALM
def test_order_is_kept_and_probabilities_lie_inside(calibration: Calibration, numbers: list[float]) -> None:
    x = np.sort(np.array(numbers))
    logit, p = calibration.logit(x), calibration.probability(x)
    assert (np.diff(logit) >= -1e-12).all()
    assert ((p > 0) & (p < 1)).all()
    assert (np.abs(logit) <= BOUND).all()


@given(calibrations(), st.floats(-20, 20), st.floats(1e-3, 5))
@CALM
def test_strictly_monotone_inside_the_bound(calibration: Calibration, x: float, step: float) -> None:
    low, high = calibration.logit(np.array([x, x + step]))
    assume(abs(low) < BOUND or abs(high) < BOUND)
    assert low < high


@given(calibrations())
@CALM
def test_goes_through_its_knots(calibration: Calibration) -> None:
    inside = np.clip(calibration.logits, -BOUND, BOUND)
    np.testing.assert_allclose(calibration.logit(calibration.knots), inside, rtol=1e-9, atol=1e-9)


@given(calibrations(), margins)
@CALM
def test_json_round_trip_and_one_by_one_are_bitwise(calibration: Calibration, numbers: list[float]) -> None:
    x = np.array(numbers)
    back = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert back.probability(x).tobytes() == calibration.probability(x).tobytes()
    alone = np.concatenate([calibration.probability(x[i : i + 1]) for i in range(len(x))])
    assert alone.tobytes() == calibration.probability(x).tobytes()


@given(st.floats(-3, 3), st.floats(-5, 5), st.floats(-30, 30))
@CALM
def test_a_line_is_its_slope_and_intercept(slope: float, intercept: float, x: float) -> None:
    """A slope that is not positive becomes the least one: the order of the leads never turns."""
    expected = max(slope, MIN_SLOPE) * x + intercept
    found = line(slope, intercept).logit(np.array([x]))[0]
    assert found == pytest.approx(np.clip(expected, -BOUND, BOUND), abs=1e-9)


@given(st.floats(1e-6, 1 - 1e-6))
@CALM
def test_log_odds_and_sigmoid_undo_each_other(p: float) -> None:
    assert sigmoid(np.atleast_1d(log_odds(p)))[0] == pytest.approx(p, rel=1e-9)


@given(st.floats(-29, 29))
@CALM
def test_bisection_finds_the_shift(shift: float) -> None:
    low, high = bisect_shift(lambda middle: middle < shift, 30.0)
    assert low <= shift <= high
    assert high - low < 1e-14 * 30


def test_shifted_probabilities_keep_their_order_and_sum() -> None:
    probability = np.array([0.1, 0.4, 0.8])
    shifted = shifted_to_total(probability, 2.0)
    assert shifted.sum() == pytest.approx(2.0)
    assert (np.diff(shifted) > 0).all()
    np.testing.assert_array_equal(shifted_to_total(probability, 3.0), probability)
