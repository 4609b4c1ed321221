"""Changes of regime: dated where wins became rarer or more frequent, and none seen in noise."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from history.base.arrays import Floats
from history.text.times import DAY_US
from training.evaluation.regime import LEAST_SHIFT, SURE, Change, Predicted, share_after, surest_change

HORIZON_DAYS, DAYS = 30, 300
SEEDS = (1, 2, 3)


def drawn(seed: int, shift: float, changed_day: int = 200, n: int = 12_000) -> Predicted:
    """Rows on a grid of five days; each day a lead may be won, by odds that move from the changed day on."""
    random = np.random.default_rng(seed)
    day = 5 * random.integers(0, (DAYS - HORIZON_DAYS) // 5 + 1, n)
    margin = random.normal(-4.5, 0.7, n)
    future = day[:, None] + np.arange(1, HORIZON_DAYS + 1)[None, :]
    chance = expit(margin[:, None] + shift * (future > changed_day))
    wins = random.random(chance.shape) < chance
    won = wins.any(axis=1)
    days = np.where(won, wins.argmax(axis=1) + 1, HORIZON_DAYS).astype(np.float64)
    return Predicted(day * DAY_US, np.arange(n), margin, won.astype(np.float64), days)


def surest(rows: Predicted) -> Change:
    change = surest_change(rows, DAYS * DAY_US, HORIZON_DAYS * DAY_US)
    assert change is not None
    return change


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shift", [-0.9, 0.7])
def test_a_change_is_found_and_dated_within_half_a_horizon(seed: int, shift: float) -> None:
    change = surest(drawn(seed, shift))
    assert change.is_sure
    assert abs(change.at_us / DAY_US - 200) <= HORIZON_DAYS / 2
    assert np.sign(change.shift) == np.sign(shift)


def test_noise_is_not_a_change() -> None:
    assert not any(surest(drawn(seed, 0.0, n=3_000)).is_sure for seed in range(10))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shift_is_that_of_the_likelihood(seed: int) -> None:
    every_row = drawn(seed, 0.7)
    change = surest(every_row)
    rows = every_row.take(every_row.as_of_us >= (DAYS - 8 * HORIZON_DAYS) * DAY_US)
    after = share_after(rows, change.at_us)

    def loss(point: Floats) -> float:
        logit = rows.margin + point[0] + point[1] * after
        return float(np.mean(np.logaddexp(0, logit) - rows.won * logit))

    assert change.shift == pytest.approx(minimize(loss, np.zeros(2), tol=1e-10).x[1], abs=1e-3)


def test_rows_of_one_lead_count_together() -> None:
    rows = drawn(1, 0.7)
    twice = Predicted(*(np.tile(column, 2) for column in vars(rows).values()))
    assert surest(twice).shift == pytest.approx(surest(rows).shift)
    assert surest(twice).error == pytest.approx(surest(rows).error)


def test_the_share_after_an_instant_counts_days_to_wins() -> None:
    won = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    days = np.array([2.0, 4.0, 6.0, 8.0, 1.0])
    rows = Predicted(np.array([10, 8, 5, 3, 0]) * DAY_US, np.arange(5), np.zeros(5), won, days)
    # Wins after day 10: all of the first row, those of more than 2, 5, 7 and 10 days of the others.
    assert share_after(rows, 10 * DAY_US).tolist() == [1.0, 1.0, 0.5, 0.25, 0.0]


def test_few_wins_show_no_change() -> None:
    rows = drawn(1, 0.7, n=150)
    assert surest_change(rows, DAYS * DAY_US, HORIZON_DAYS * DAY_US) is None


def test_a_change_must_be_large_and_sure() -> None:
    assert Change(0, -0.8, 0.1).is_sure
    assert not Change(0, 0.8, 0.8 / SURE * 1.01).is_sure
    assert not Change(0, LEAST_SHIFT * 0.99, 0.001).is_sure
