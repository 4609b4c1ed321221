"""The spread of a period's wins and revenue: counts and amounts drawn under shocks that all leads share."""

from dataclasses import dataclass

import numpy as np

from history.arrays import Floats

DRAWS = 4000
SHOCK_SHARED = 0.5  # of the shock's variance is common to all periods
LEAST_AMOUNT_SHOCK = 0.03
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Expectation:
    """By period and group (k, g): won already, to be won by open leads and by new ones, sum of the open leads' squared
    chances, and the same in revenue; by period (k,): deviations of the shared shocks of wins and of revenue, and of new
    leads alone.
    """

    already_wins: Floats
    already_revenue: Floats
    open_wins: Floats
    new_wins: Floats
    open_squares: Floats
    open_revenue: Floats
    new_revenue: Floats
    wins_shock: Floats
    revenue_shock: Floats
    new_shock: Floats
    amount_spread: float


@dataclass(frozen=True)
class Drawn:
    """Quantiles (3, k, g) of wins and revenue by period and group, and (3, g) of their sums over all periods."""

    wins: Floats
    revenue: Floats
    total_wins: Floats
    total_revenue: Floats


def drawn(e: Expectation, seed: int = 0) -> Drawn:
    """Quantiles over DRAWS draws; equal input gives equal output.

    Open leads: a binomial with the mean and variance of the sum of independent chances. New leads: a Poisson with a
    lognormal rate. Both times one lognormal shock a period, of mean 1. Revenue: a gamma with the mean and variance of
    as many amounts as wins, times a shock of its own.
    """
    k, g = e.open_wins.shape
    random = np.random.default_rng(seed)
    shared = random.standard_normal(DRAWS)
    wins, revenue = np.empty((3, k, g)), np.empty((3, k, g))
    sums = np.zeros((2, DRAWS, g))
    for i in range(k):
        z = np.sqrt(SHOCK_SHARED) * shared + np.sqrt(1 - SHOCK_SHARED) * random.standard_normal(DRAWS)
        count, money = _period(e, i, z[:, None], random)
        wins[:, i] = np.quantile(count, QUANTILES, axis=0, method="inverted_cdf")
        revenue[:, i] = np.quantile(money, QUANTILES, axis=0)
        sums += np.stack((count, money))
    ends = [np.quantile(s, QUANTILES, axis=0) for s in sums]
    return Drawn(wins, revenue, ends[0], ends[1])


def _period(e: Expectation, i: int, z: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Wins and revenue (DRAWS, g) of period i."""
    shock = _lognormal(z, e.wins_shock[i])
    mean, squares = e.open_wins[i], e.open_squares[i]
    tries = np.maximum(np.ceil(mean**2 / np.maximum(squares, 1e-12) - 1e-9), 1.0)
    tries = np.where(squares > 0, tries, 1.0).astype(np.int64)
    chance = np.clip(mean / tries * shock, 0.0, 1.0)
    opened = random.binomial(tries, chance).astype(np.float64)
    own = _lognormal(random.standard_normal((DRAWS, 1)), e.new_shock[i])
    new = random.poisson(np.minimum(e.new_wins[i] * shock * own, 1e9)).astype(np.float64)
    extra = np.sqrt(max(float(e.revenue_shock[i] ** 2 - e.wins_shock[i] ** 2), LEAST_AMOUNT_SHOCK**2))
    dear = _lognormal(random.standard_normal((DRAWS, 1)), extra)
    money = dear * (
        _amounts(opened, e.open_revenue[i], mean, e.amount_spread, random)
        + _amounts(new, e.new_revenue[i], e.new_wins[i], e.amount_spread, random)
    )
    return e.already_wins[i] + opened + new, e.already_revenue[i] + money


def _lognormal(z: Floats, deviation: float) -> Floats:
    """exp of a normal whose mean makes the result's mean 1; z standard normal."""
    sigma = np.sqrt(np.log1p(deviation**2))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2))


def _amounts(
    count: Floats, revenue: Floats, wins: Floats, spread: float, random: np.random.Generator
) -> Floats:
    """The sum of `count` (draws, g) amounts of mean revenue / wins (g,) and relative variance `spread`."""
    mean = np.where(wins > 0, revenue / np.maximum(wins, 1e-12), 0.0)
    if spread <= 0:
        return count * mean
    return random.standard_gamma(np.maximum(count / spread, 1e-9)) * spread * mean * (count > 0)
