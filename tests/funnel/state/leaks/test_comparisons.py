"""The test of two rates: the textbook's without censoring, and of the stated level with much censoring."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from funnel.state.leaks.comparisons import p_lower
from funnel.survival import (
    CENSORED,
    COMPETING,
    EVENT,
    CumulativeIncidence,
    aalen_johansen,
    score_standard_error,
)


def sample(rng: np.random.Generator, n: int, window_days: float) -> CumulativeIncidence:
    """n leads that came evenly over `watched_days` and are decided after some 36 days, half of them won."""
    came, needed = rng.uniform(0, window_days, n), rng.gamma(3.0, 12.0, n)
    observed_days = window_days - came
    outcome = np.where(rng.random(n) < 0.5, EVENT, COMPETING)
    return aalen_johansen(
        np.minimum(needed, observed_days),
        np.where(needed <= observed_days, outcome, CENSORED).astype(np.int8),
    )


def shares(won: int, lost: int) -> CumulativeIncidence:
    return aalen_johansen(
        np.arange(won + lost, dtype=np.float64), np.repeat([EVENT, COMPETING], [won, lost]).astype(np.int8)
    )


def test_without_censoring_p_is_of_the_score_test() -> None:
    now, before = shares(6, 34), shares(30, 50)
    pooled = 36 / 120
    spread = math.sqrt(pooled * (1 - pooled) * (1 / 40 + 1 / 80))
    assert score_standard_error(now, before, 1000) == pytest.approx(spread)
    assert p_lower(now, before, 1000) == pytest.approx(norm.sf((30 / 80 - 6 / 40) / spread))


def test_equal_samples_seldom_differ() -> None:
    """Of 1,000 comparisons 50 lie below 0.05 and 10 below 0.01; the bounds are four standard errors above."""
    rng = np.random.default_rng(7)
    chance = [p_lower(sample(rng, 25, 90.0), sample(rng, 200, 270.0), 60.0) for _ in range(1000)]
    assert 20 < np.sum(np.array(chance) < 0.05) < 78
    assert np.sum(np.array(chance) < 0.01) < 23


def test_side_not_observed_long_enough_has_p_one() -> None:
    short = aalen_johansen(np.full(50, 5.0), np.full(50, CENSORED, dtype=np.int8))
    assert p_lower(short, shares(40, 10), 60.0) == 1.0
    assert p_lower(short, shares(40, 10), 3.0) < 1.0
