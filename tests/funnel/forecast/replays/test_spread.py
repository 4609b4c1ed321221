"""Size of the shared shocks: assumed, measured by replays, and divided between level and arrivals."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.forecast.replays.replays import ComingSpans, Replays
from funnel.forecast.replays.spread import (
    ASSUMED_DATES,
    ASSUMED_SPREAD,
    DOUBLING_DAYS,
    LEAST_SPREAD,
    POOLED_CELLS,
    SEASON_SPREAD,
    ArrivalSpread,
    assumed_variance,
    divided,
    measured_variance,
)
from history.base.arrays import Floats, Ints

AHEAD = ComingSpans(np.array([0.0, 30.0, 60.0]), np.array([30.0, 60.0, 90.0]), np.full(3, 100.0), 100 / 30)


def replays(error: Floats, span: Ints, wins: float, dates: float = 12.0) -> Replays:
    """Cells of so many expected wins with these relative errors."""
    expected = np.full(len(error), wins)
    return Replays(
        expected * (1 + error), expected, expected, expected, np.asarray(span, dtype=np.int64), dates
    )


def test_fewer_known_wins_and_an_unseen_season_widen_the_assumption() -> None:
    """Twelve wins tell a rate within 29 % of itself; a thousand within 3 %."""
    variances = [assumed_variance(replace(AHEAD, known_wins=n))[0] for n in (12.0, 1000.0, np.inf)]
    np.testing.assert_allclose(variances, ASSUMED_SPREAD**2 + np.array([1 / 12, 1 / 1000, 0.0]))
    unseen = [assumed_variance(replace(AHEAD, unseen_year=share))[0] for share in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(unseen, ASSUMED_SPREAD**2 + SEASON_SPREAD**2 * np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(assumed_variance(AHEAD), ASSUMED_SPREAD**2 * (1 + AHEAD.start / DOUBLING_DAYS))


def test_variance_of_replays_agrees_with_sums_cell_by_cell() -> None:
    random = np.random.default_rng(3)
    error, span = 0.3 * random.standard_normal(40), random.integers(0, 3, 40)
    error[0] = 7.0  # counts as MOST_ERROR
    assumed = np.array([0.01, 0.02, 0.03])
    measured = measured_variance(assumed, replace(AHEAD, noise=2.0), [replays(error, span, 50.0)])
    excess = [min(abs(e), 2.0) ** 2 - 2.0 / 50 for e in error]
    grown = [1 + start / DOUBLING_DAYS for start in AHEAD.start]
    pooled = max(sum(x / grown[k] for x, k in zip(excess, span, strict=True)) / 40, 0.0)
    for k in range(3):
        own = [x for x, of in zip(excess, span, strict=True) if of == k]
        variance = max((sum(own) + POOLED_CELLS * pooled * grown[k]) / (len(own) + POOLED_CELLS), 0.0)
        expected = (ASSUMED_DATES * assumed[k] + 12.0 * variance) / (ASSUMED_DATES + 12.0)
        assert measured[k] == pytest.approx(max(expected, LEAST_SPREAD**2))


def test_many_replays_measure_the_shocks_that_made_them() -> None:
    """Counts around a rate under lognormal shocks: the spread of the shocks comes back, without that of counting."""
    for spread in (0.0, 0.1, 0.3):
        random = np.random.default_rng(5)
        sigma = np.sqrt(np.log1p(spread**2))
        rate = 200 * np.exp(sigma * random.standard_normal(3000) - sigma**2 / 2)
        error = random.poisson(rate) / 200 - 1
        flat = replace(AHEAD, start=np.zeros(3))
        source = replays(error, np.arange(3000) % 3, 200.0, dates=1000.0)
        measured = np.sqrt(measured_variance(np.full(3, 0.01), flat, [source]))
        np.testing.assert_allclose(measured, max(spread, LEAST_SPREAD), atol=0.015)


def test_too_few_replays_leave_the_assumption() -> None:
    assumed = assumed_variance(AHEAD)
    few = replays(np.full(5, 0.5), np.zeros(5, dtype=np.int64), 50.0)
    np.testing.assert_allclose(measured_variance(assumed, AHEAD, [few]), assumed)


def test_division_keeps_the_measured_variance() -> None:
    """wins = level + share x arrivals: squares add up for wins and for revenue, whatever was assumed."""
    arrivals = ArrivalSpread(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.5, 0.9]))
    level, of_wins = np.array([0.01, 0.02, 0.03]), np.array([0.02, 0.01, 0.05])
    parts = divided(arrivals, level, of_wins, of_wins + 0.04)
    np.testing.assert_allclose(parts.wins**2 + (parts.new * arrivals.new_share) ** 2, of_wins)
    np.testing.assert_allclose(parts.revenue**2 + (parts.new * arrivals.new_share) ** 2, of_wins + 0.04)
    calm = divided(arrivals, level, of_wins, of_wins / 2)
    np.testing.assert_allclose(calm.revenue, calm.wins)
