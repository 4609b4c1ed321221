"""Leads at creation: in order, alike in every piece, with amounts of the stated expectation."""

import numpy as np
import pytest

from history.text.times import DAY_US
from simulation.leads import AMOUNT_SIGMA, BIG_FACTOR, BIG_SHARE, ZERO_SHARE, expected_amount, lead_batch
from tests.builders.worlds.small_world import LEADS, simulated_batch, simulated_world

WORLD = simulated_world()
BATCH = simulated_batch(WORLD)


def test_leads_are_created_in_order_within_the_period() -> None:
    assert (np.diff(BATCH.created_us) >= 0).all()
    assert BATCH.created_us[0] >= WORLD.first_day * DAY_US
    assert BATCH.created_us[-1] <= WORLD.cut_us
    assert (BATCH.created_us // DAY_US == BATCH.starts.day).all()


def test_lead_is_the_same_in_every_piece() -> None:
    piece = lead_batch(WORLD, np.arange(700, 720))
    assert piece.created_us.tolist() == BATCH.created_us[700:720].tolist()
    assert piece.starts.score.tobytes() == BATCH.starts.score[700:720].tobytes()
    assert all(values == list(BATCH.columns[name])[700:720] for name, values in piece.columns.items())


def test_arrivals_grow_and_rest_at_weekends() -> None:
    middle = (WORLD.first_day + WORLD.last_day) // 2
    assert (BATCH.starts.day > middle).mean() > 0.5
    weekday = (BATCH.starts.day + 3) % 7
    assert (weekday >= 5).mean() < 0.15


def test_expected_amount_is_the_mean_of_many_draws() -> None:
    random, n = np.random.default_rng(1), 400_000
    amount = np.exp(AMOUNT_SIGMA * random.normal(size=n))
    amount *= np.where(random.random(n) < BIG_SHARE, BIG_FACTOR, 1.0) * (random.random(n) >= ZERO_SHARE)
    assert expected_amount(np.zeros(1))[0] == pytest.approx(amount.mean(), abs=4 * amount.std() / np.sqrt(n))


def test_lead_that_came_by_itself_starts_fresh() -> None:
    assert (BATCH.starts.recency == np.where(BATCH.came_by_itself, 0, 3)).all()
    assert 0.4 < BATCH.came_by_itself.sum() / LEADS < 0.9
