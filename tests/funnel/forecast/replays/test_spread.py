"""Size of the shared shocks: assumed, measured by replays, and divided between level and arrivals."""

import math
from dataclasses import replace

import numpy as np

from funnel.forecast.replays.replays import ComingSpans, Replays
from funnel.forecast.replays.spread import (
    ASSUMED_SPREAD,
    DOUBLING_DAYS,
    LEAST_SPREAD,
    MOST_ERROR,
    SCALE_LOG_SD,
    SEASON_SPREAD,
    ArrivalSpread,
    assumed_variance,
    divided,
    measured_variance,
)
from history.base.arrays import Floats, Ints
from models.figures.kernel import Z80

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


def test_variance_of_replays_agrees_with_its_posterior_cell_by_cell() -> None:
    """The interval of 80 % of a million errors under variances drawn from a posterior that is summed up plainly."""
    random = np.random.default_rng(3)
    error, span = 0.3 * random.standard_normal(40), random.integers(0, 3, 40)
    error[0] = 7.0  # counts as MOST_ERROR
    assumed, dates = np.array([0.01, 0.02, 0.03]), 8.0
    source = replays(error, span, 50.0, dates)
    measured = measured_variance(assumed, replace(AHEAD, noise=2.0), [source])

    grown = [1 + start / DOUBLING_DAYS for start in AHEAD.start]
    size = sum(a / g for a, g in zip(assumed, grown, strict=True)) / 3
    form = [g * size for g in grown]
    log_scales = [-9 + 0.05 * i for i in range(301)]
    weights = []
    for log_scale in log_scales:
        log_weight = -0.5 * (log_scale / SCALE_LOG_SD) ** 2
        for e, k in zip(error.tolist(), span.tolist(), strict=True):
            variance = math.exp(log_scale) * form[k] + 2.0 / 50
            log_density = -0.5 * (min(abs(e), MOST_ERROR) ** 2 / variance + math.log(variance))
            log_weight += dates / 40 * log_density
        weights.append(math.exp(log_weight))
    drawn = random.choice(log_scales, 1_000_000, p=np.array(weights) / sum(weights))
    half_width = np.quantile(np.abs(np.exp(drawn / 2) * random.standard_normal(1_000_000)), 0.8)
    np.testing.assert_allclose(measured, (half_width / Z80) ** 2 * np.array(form), rtol=0.02)


def test_many_wins_that_vary_little_outweigh_the_assumption() -> None:
    """Two dates of three months within 2 % of thousands of wins: a season of 10 % is improbable; few wins say less."""
    assumed = np.full(3, 0.01)
    error, span = np.array([0.02, -0.02, 0.01, 0.0, -0.01, 0.02]), np.arange(6) % 3
    many, few = (
        np.sqrt(measured_variance(assumed, AHEAD, [replays(error, span, wins, dates=2.0)]))
        for wins in (3000.0, 30.0)
    )
    assert (many < 0.06).all()
    assert (few > 1.5 * many).all()


def test_few_dates_widen_the_interval_beyond_their_own_spread() -> None:
    """A variance from three dates is itself unsure, and large ones weigh more: as Student's t does."""
    error = 0.2 * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    flat = replace(AHEAD, start=np.zeros(3))
    few, many = (
        np.sqrt(measured_variance(np.full(3, 0.04), flat, [replays(error, np.arange(6) % 3, 1e6, dates)]))
        for dates in (3.0, 300.0)
    )
    np.testing.assert_allclose(many, 0.2, rtol=0.02)
    assert (few > 1.05 * many).all()


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
    few = replays(np.full(2, 0.5), np.zeros(2, dtype=np.int64), 50.0)
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
