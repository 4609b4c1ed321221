"""When a win comes: a distribution that starts at 0, ends at the horizon, and whose median is the median."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.figures.close_time import CloseTime
from tests.builders.leads.lead_histories import CALM
from tests.builders.small_models import made_model, made_values, odd_values

LEVELS = np.linspace(0, 1, 101)


@st.composite
def clocks(draw: st.DrawFn) -> CloseTime:
    """Any centre, and residuals that strictly increase."""
    steps = draw(st.lists(st.floats(1e-3, 1.0), min_size=100, max_size=100))
    residuals = np.concatenate(([0.0], np.cumsum(steps))) - draw(st.floats(0, 50))
    centre, horizon = draw(st.floats(-4, 4)), draw(st.sampled_from([1, 30, 90, 365]))
    return CloseTime(None, centre, LEVELS, np.zeros(1), residuals[None], horizon)


@given(clocks())
@CALM
def test_the_cdf_rises_from_0_to_1(clock: CloseTime) -> None:
    """0 at 0 and before, 1 at the horizon and after, never falling."""
    place = clock.place(np.zeros((1, 2)))
    days = np.concatenate(([-3.0, 0.0], np.linspace(0, clock.horizon_days, 301), [clock.horizon_days + 5.0]))
    share = clock.cdf(place, days)
    assert share[0] == share[1] == 0.0
    assert share[-1] == share[-2] == 1.0
    assert (np.diff(share) >= 0).all()


@given(clocks())
@CALM
def test_half_of_the_wins_come_by_the_median(clock: CloseTime) -> None:
    values = np.zeros((1, 2))
    median = clock.median_days(values)
    assert 0 < median[0] <= clock.horizon_days
    if 2e-4 < median[0] / clock.horizon_days < 1 - 2e-4:
        assert clock.cdf(clock.place(values), median)[0] == pytest.approx(0.5, abs=1e-6)


def located() -> CloseTime:
    """Wide where wins come soon, narrow where they come late."""
    line = np.linspace(-2, 2, 101)
    return CloseTime(
        made_model(1), 0.0, LEVELS, np.array([-1.0, 0.5, 2.0]), np.outer([1.2, 1.0, 0.9], line), 90
    )


def test_later_places_come_later_at_every_day() -> None:
    clock = located()
    place = np.sort(clock.place(made_values(2, 100)))
    share = clock.cdf(place[:, None], np.linspace(0, 90, 31)[None, :])
    assert share.shape == (100, 31)
    assert (np.diff(share, axis=0) <= 0).all()


def test_one_lead_is_bitwise_its_row_of_a_batch() -> None:
    clock, values = located(), np.vstack([made_values(3, 40), odd_values()])
    alone = np.concatenate([clock.median_days(values[i : i + 1]) for i in range(len(values))])
    assert alone.tobytes() == clock.median_days(values).tobytes()
    assert ((alone > 0) & (alone < 90)).all()


def test_json_round_trip_is_bitwise() -> None:
    clock, values = located(), made_values(4, 30)
    back = CloseTime.from_dict(json.loads(json.dumps(clock.to_dict())), clock.location)
    assert back.median_days(values).tobytes() == clock.median_days(values).tobytes()
    place, days = clock.place(values)[:, None], np.arange(91.0)
    assert back.cdf(place, days).tobytes() == clock.cdf(place, days).tobytes()
