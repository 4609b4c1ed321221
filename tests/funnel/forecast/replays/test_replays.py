"""Replays of the model's training, span by span."""

import numpy as np
import pytest

from funnel.forecast.replays.replays import FEWEST_CELLS, SETTLING_DAYS, ComingSpans, concatenated, replays_of
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis
from tests.builders.leads.known_leads import NOW_US

DAYS = np.arange(7.0, 183.0, 7.0)
AHEAD = ComingSpans(np.array([0.0, 10.0, 170.0]), np.array([10.0, 40.0, 200.0]), np.full(3, 100.0), 3.0)


def basis(origins: int = 8) -> ForecastBasis:
    """Origins 30 days apart: a win a day came of leads open then, two of later ones; each brought 5."""
    grown = np.tile(DAYS, (origins, 1))
    at_us = NOW_US - np.arange(origins, 0, -1) * 30 * DAY_US
    rate = np.full(origins, 3.0)
    return ForecastBasis(
        at_us, DAYS, grown, 2 * grown, 5 * grown, 10 * grown, 3 * grown, 15 * grown, rate, 5 * rate
    )


@pytest.mark.parametrize("revenue", [False, True])
def test_cells_are_the_increase_within_each_span_that_is_over(revenue: bool) -> None:
    replays = replays_of(basis(), AHEAD, 30, NOW_US, of_revenue=revenue)
    amount = 5.0 if revenue else 1.0
    over = [sum(30 * k >= end + SETTLING_DAYS for k in range(1, 9)) for end in AHEAD.end.tolist()]
    # No replay reaches beyond the last of its days.
    assert np.bincount(replays.span, minlength=3).tolist() == [over[0], over[1], 0]
    length = AHEAD.length[replays.span]
    np.testing.assert_allclose(replays.wins, 3 * length)
    for column in (replays.actual, replays.summed, replays.recent):
        np.testing.assert_allclose(column, 3 * amount * length)


def test_dates_are_a_horizon_apart() -> None:
    assert replays_of(basis(), AHEAD, 30, NOW_US, of_revenue=False).dates == pytest.approx(8)
    assert replays_of(basis(), AHEAD, 70, NOW_US, of_revenue=False).dates == pytest.approx(4)


def test_few_cells_or_wins_do_not_suffice() -> None:
    replays = replays_of(basis(), AHEAD, 30, NOW_US, of_revenue=False)
    assert replays.suffice
    assert not concatenated([], 0.0).suffice
    assert not replays_of(None, AHEAD, 30, NOW_US, of_revenue=False).suffice
    assert not replays_of(basis(1), AHEAD, 30, NOW_US, of_revenue=False).suffice
    assert FEWEST_CELLS > 2
