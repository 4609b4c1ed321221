"""Intervals of a period's wins and revenue by simulation: counts and amounts under shocks that all leads share."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats

DRAWS = 4000
SHOCK_SHARED = 0.5  # share of the shock's variance that is common to all periods
LEAST_AMOUNT_SHOCK = 0.03
QUANTILES = (0.1, 0.5, 0.9)
MAX_POISSON_MEAN = 1e9  # numpy's Poisson refuses means near 2**63


@dataclass(frozen=True)
class Expectation:
    """Moments of the wins and revenue of k periods and g groups.

    (k, g): wins already, wins expected of open leads and of new ones, the sum of the open leads' squared
    probabilities, and revenue likewise. (k,): relative standard deviations of the shocks on wins, on revenue and on
    new leads alone. amount_dispersion: variance of one amount over its squared mean.
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
    amount_dispersion: float

    @property
    def wins(self) -> Floats:
        """Expected wins (k, g)."""
        return self.already_wins + self.open_wins + self.new_wins

    @property
    def revenue(self) -> Floats:
        """Expected revenue (k, g)."""
        return self.already_revenue + self.open_revenue + self.new_revenue


@dataclass(frozen=True)
class Quantiles:
    """QUANTILES (3, k, g) of wins and revenue by period and group, and (3, g) of their sums over the periods.

    goal_chance (k, g), total_goal_chance (g,): the share of the draws whose revenue reaches the goal of the period, and
    the sum of the goals; NaN without goals.
    """

    wins: Floats
    revenue: Floats
    total_wins: Floats
    total_revenue: Floats
    goal_chance: Floats
    total_goal_chance: Floats


@dataclass(frozen=True)
class _PeriodDraws:
    """Simulated wins and revenue of one period, (DRAWS, g) each."""

    wins: Floats
    revenue: Floats


def simulate(expected: Expectation, seed: int = 0, goals: Floats | None = None) -> Quantiles:
    """Quantiles over DRAWS simulations, and the chance to reach the goals (k,) of revenue; equal input, equal output.

    Wins of open leads: a binomial with the mean and variance of the sum of independent wins. Wins of new leads: a
    Poisson with a lognormal rate. Both share one lognormal shock a period, of mean 1. Revenue: a gamma with the mean
    and variance of as many amounts as wins, times a shock of its own.
    """
    k, g = expected.open_wins.shape
    random = np.random.default_rng(seed)
    shared = random.standard_normal(DRAWS)
    wins, revenue = np.empty((3, k, g)), np.empty((3, k, g))
    goal = np.full(k, np.nan) if goals is None else goals
    chance = np.empty((k, g))
    sums = np.zeros((2, DRAWS, g))
    for i in range(k):
        own = random.standard_normal(DRAWS)
        z = np.sqrt(SHOCK_SHARED) * shared + np.sqrt(1 - SHOCK_SHARED) * own
        draws = _simulate_period(expected, i, z[:, None], random)
        wins[:, i] = np.quantile(draws.wins, QUANTILES, axis=0, method="inverted_cdf")
        revenue[:, i] = np.quantile(draws.revenue, QUANTILES, axis=0)
        chance[i] = _reached(draws.revenue, goal[i])
        sums += np.stack((draws.wins, draws.revenue))
    total_wins, total_revenue = (np.quantile(total, QUANTILES, axis=0) for total in sums)
    return Quantiles(wins, revenue, total_wins, total_revenue, chance, _reached(sums[1], float(goal.sum())))


def _reached(revenue: Floats, goal: float) -> Floats:
    """The share (g,) of the draws (DRAWS, g) that reach a goal; NaN for none."""
    share: Floats = (revenue >= goal).mean(axis=0)
    return share if np.isfinite(goal) else np.full(revenue.shape[1], np.nan)


def _simulate_period(expected: Expectation, i: int, z: Floats, random: np.random.Generator) -> _PeriodDraws:
    """Draws of period i; z (DRAWS, 1) is its standard normal shock. The order of the draws fixes the result."""
    shock = _lognormal(z, expected.wins_shock[i])
    open_wins = _binomial(expected.open_wins[i], expected.open_squares[i], shock, random)

    arrival_shock = _lognormal(random.standard_normal((DRAWS, 1)), expected.new_shock[i])
    rate = np.minimum(expected.new_wins[i] * shock * arrival_shock, MAX_POISSON_MEAN)
    new_wins = random.poisson(rate).astype(np.float64)

    # Wins carry their own shock into revenue; the amounts add the rest of its variance.
    rest = float(expected.revenue_shock[i] ** 2 - expected.wins_shock[i] ** 2)
    amount_shock = np.sqrt(max(rest, LEAST_AMOUNT_SHOCK**2))
    price = _lognormal(random.standard_normal((DRAWS, 1)), amount_shock)
    dispersion = expected.amount_dispersion
    open_mean = _mean_amount(expected.open_revenue[i], expected.open_wins[i])
    new_mean = _mean_amount(expected.new_revenue[i], expected.new_wins[i])
    revenue = price * (
        _sum_of_amounts(open_wins, open_mean, dispersion, random)
        + _sum_of_amounts(new_wins, new_mean, dispersion, random)
    )
    return _PeriodDraws(
        expected.already_wins[i] + open_wins + new_wins, expected.already_revenue[i] + revenue
    )


def _binomial(mean: Floats, squares: Floats, shock: Floats, random: np.random.Generator) -> Floats:
    """Wins (DRAWS, g) with mean sum(p) and variance sum(p) - sum(p^2); squares (g,) is sum(p^2)."""
    trials = np.maximum(np.ceil(mean**2 / np.maximum(squares, 1e-12) - 1e-9), 1.0)
    trials = np.where(squares > 0, trials, 1.0).astype(np.int64)
    probability = np.clip(mean / trials * shock, 0.0, 1.0)
    return random.binomial(trials, probability).astype(np.float64)


def _lognormal(z: Floats, deviation: float) -> Floats:
    """A lognormal of mean 1 and standard deviation `deviation` from a standard normal z."""
    sigma = np.sqrt(np.log1p(deviation**2))
    return np.asarray(np.exp(sigma * z - sigma**2 / 2))


def _mean_amount(revenue: Floats, wins: Floats) -> Floats:
    """Expected amount of one win (g,), zero without wins."""
    return np.where(wins > 0, revenue / np.maximum(wins, 1e-12), 0.0)


def _sum_of_amounts(count: Floats, mean: Floats, dispersion: float, random: np.random.Generator) -> Floats:
    """The sum of `count` (DRAWS, g) amounts of mean (g,) and relative variance `dispersion`: a gamma."""
    if dispersion <= 0:
        return count * mean
    return random.standard_gamma(np.maximum(count / dispersion, 1e-9)) * dispersion * mean * (count > 0)
