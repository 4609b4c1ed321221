"""The slope of thin evidence: the one that outcomes were drawn with, its error by lead, and its shrinkage."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from history.base.arrays import Floats, Ints
from models.figures.calibration import MIN_SLOPE
from models.figures.kernel import sigmoid
from training.evaluation.slope import LARGEST, NO_SLOPE, Slope, slope_of
from training.rows.predictions import OutOfFold

SEEDS = (1, 2, 3)


def drawn(seed: int, n: int, slope: float) -> tuple[OutOfFold, Floats, Ints]:
    """Margins of three splits at different levels, outcomes with this slope, and a lead for each row."""
    random = np.random.default_rng(seed)
    split, margin = np.arange(n) % 3, random.normal(size=n)
    level = np.array([-1.5, 0.0, -0.7])[split]
    won = (random.random(n) < sigmoid(slope * margin + level)).astype(np.float64)
    return OutOfFold(np.arange(n), split, margin), won, np.arange(n)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_that_of_a_logistic_regression_with_a_level_a_split(seed: int) -> None:
    predictions, won, lead = drawn(seed, 900, 0.6)
    flags = (predictions.split[:, None] == np.arange(3)[None, :]).astype(np.float64)
    x = np.column_stack([predictions.margin, flags])
    plain = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-9, max_iter=1000).fit(x, won)
    assert slope_of(predictions, won, lead).value == pytest.approx(plain.coef_[0, 0], abs=1e-3)


def test_the_error_is_the_spread_of_the_estimates() -> None:
    slopes = [slope_of(*drawn(seed, 400, 0.5)) for seed in range(200)]
    spread = np.std([slope.value for slope in slopes])
    assert np.mean([slope.error for slope in slopes]) == pytest.approx(spread, rel=0.15)


def test_rows_of_one_lead_count_together() -> None:
    predictions, won, lead = drawn(4, 400, 0.5)
    twice = OutOfFold(np.arange(800), np.tile(predictions.split, 2), np.tile(predictions.margin, 2))
    once, doubled = slope_of(predictions, won, lead), slope_of(twice, np.tile(won, 2), np.tile(lead, 2))
    assert doubled.value == pytest.approx(once.value)
    assert doubled.error == pytest.approx(once.error)
    assert doubled.wins == once.wins


def test_noise_of_independent_rows_is_rarely_sure() -> None:
    """Two of 300 are expected; more than 9 happen by chance less than once in a thousand times."""
    assert sum(slope_of(*drawn(seed, 300, 0.0)).is_sure for seed in range(300)) <= 9


def test_less_evidence_shrinks_more() -> None:
    shrunk = [Slope(0.8, error, 200).shrunk for error in (0.0, 0.1, 0.2, 0.4, 0.79, 0.8, 2.0)]
    assert shrunk[0] == 0.8
    assert shrunk == sorted(shrunk, reverse=True)
    assert shrunk[-1] == MIN_SLOPE
    assert Slope(2.0, 0.1, 200).shrunk == 1.0
    assert Slope(-0.5, 0.1, 200).shrunk == MIN_SLOPE


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shrunk_slope_errs_less_than_the_estimate(seed: int) -> None:
    """True slopes scatter around 0 as much as their errors: squared error against them, on the mean of 300."""
    random = np.random.default_rng(seed)
    true = np.abs(random.normal(0, 0.3, 300))
    seen = true + random.normal(0, 0.3, 300)
    shrunk = np.array([Slope(value, 0.3, 200).shrunk for value in seen])
    assert np.mean((shrunk - true) ** 2) < np.mean((seen - true) ** 2)


@pytest.mark.parametrize("won", [np.zeros(30), np.ones(30)])
def test_one_outcome_has_no_slope(won: Floats) -> None:
    slope = slope_of(OutOfFold(np.arange(30), np.arange(30) % 3, np.arange(30.0)), won, np.arange(30))
    assert slope.error == np.inf
    assert not slope.is_sure
    assert not NO_SLOPE.is_sure
    assert slope.shrunk == NO_SLOPE.shrunk == MIN_SLOPE


def test_a_perfect_ranking_has_the_largest_slope() -> None:
    margin = np.linspace(-2, 2, 200)
    predictions = OutOfFold(np.arange(200), np.zeros(200, dtype=np.int64), margin)
    assert slope_of(predictions, (margin > 0).astype(np.float64), np.arange(200)).value == LARGEST
