"""Amounts that grow after the win are named; falling prices, heavy tails and chance are not."""

import numpy as np
import pytest

from funnel.forecast.components.growth import MOST_YOUNG, amount_growth, growth_warnings, midranks
from funnel.known_leads import KnownLeads
from history.base.arrays import Floats
from history.history import WON
from history.text.times import DAY_US
from tests.builders.leads.known_leads import NOW_US


def won_leads(age: Floats, amount: Floats) -> KnownLeads:
    """Wins of these ages (n,) in days."""
    n = len(age)
    won_us = NOW_US - (age * DAY_US).astype(np.int64)
    return KnownLeads(
        NOW_US, np.arange(n), won_us - 30 * DAY_US, won_us, np.full(n, WON, dtype=np.int8), amount
    )


def heavy(random: np.random.Generator, n: int) -> Floats:
    """Amounts that half of the wins have, lognormal with a heavy tail."""
    return np.where(random.random(n) < 0.5, np.exp(1.5 * random.standard_normal(n)), 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_growing_amounts_are_named(seed: int) -> None:
    random = np.random.default_rng(seed)
    age = 300 * random.random(800)
    growth = amount_growth(won_leads(age, heavy(random, 800) * -np.expm1(-age / 60)))
    assert growth is not None
    assert growth.ratio <= MOST_YOUNG
    assert growth.wins == (age < growth.days).sum()


@pytest.mark.parametrize("seed", range(5))
def test_final_amounts_are_not(seed: int) -> None:
    """Of a steady price, one that falls or rises by a third a year, and one that varies by 20 % from month to month."""
    random = np.random.default_rng(seed)
    age = 730 * random.random(2000)
    amount = np.exp(random.standard_normal(2000))
    month = np.exp(0.2 * random.standard_normal(25))[(age / 30.4).astype(np.int64)]
    for price in (np.ones(2000), 1.33 ** (age / 365), 0.75 ** (age / 365), month):
        assert amount_growth(won_leads(age, amount * price)) is None
    assert growth_warnings(won_leads(age, heavy(random, 2000))) == []


def test_few_wins_or_equal_amounts_show_nothing() -> None:
    age = np.linspace(1, 200, 29)
    assert amount_growth(won_leads(age, age)) is None
    assert amount_growth(won_leads(np.linspace(1, 200, 300), np.full(300, 5.0))) is None
    assert amount_growth(won_leads(np.linspace(1, 200, 300), np.full(300, np.nan))) is None


def test_warning_says_how_many_and_how_much() -> None:
    age = np.linspace(0.5, 300, 600)
    (warning,) = growth_warnings(won_leads(age, 100 * -np.expm1(-age / 60)))
    growth = amount_growth(won_leads(age, 100 * -np.expm1(-age / 60)))
    assert growth is not None
    assert warning.code == "amounts_still_growing"
    assert f"{growth.wins} wins of the last {growth.days} days" in warning.detail
    assert f"{1 - growth.ratio:.0%} below" in warning.detail


def test_midranks_agree_with_counting() -> None:
    values = np.array([3.0, 0.0, 0.0, 5.0, 3.0, 0.0])
    counted = [(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values]
    np.testing.assert_array_equal(midranks(values), counted)
