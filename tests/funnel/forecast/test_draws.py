"""Simulated intervals against the moments that they are drawn from."""

import numpy as np
import pytest

from funnel.forecast.draws import Expectation, simulate


def expectation(open_wins: float, new_wins: float, shock: float = 0.0) -> Expectation:
    one, flat = np.ones((1, 1)), np.full(1, shock)
    return Expectation(
        2 * one, 20 * one, open_wins * one, new_wins * one, open_wins * 0.3 * one, 10 * open_wins * one,
        10 * new_wins * one, flat, flat, np.zeros(1), 0.5,
    )  # fmt: skip


def test_draws_match_the_expectation_and_widen_with_shocks() -> None:
    calm, shaken = simulate(expectation(60.0, 30.0)), simulate(expectation(60.0, 30.0, 0.3))
    assert calm.wins[1, 0, 0] == pytest.approx(92, abs=2)
    assert calm.revenue[1, 0, 0] == pytest.approx(920, rel=0.03)
    deviation = np.sqrt(60 * 0.7 + 30)
    assert calm.wins[2, 0, 0] - calm.wins[0, 0, 0] == pytest.approx(2 * 1.28 * deviation, rel=0.1)
    assert np.ptp(shaken.wins[:, 0, 0]) > 1.5 * np.ptp(calm.wins[:, 0, 0])


def test_without_expected_wins_nothing_is_drawn() -> None:
    quantiles = simulate(expectation(0.0, 0.0, 0.2))
    assert (quantiles.wins == 2).all()
    assert (quantiles.revenue == 20).all()


def test_chance_of_a_goal_agrees_with_the_quantiles() -> None:
    """The share of draws at or above the p10, p50 and p90 is 90, 50 and 10 %."""
    expected = expectation(60.0, 30.0, 0.2)
    quantiles = simulate(expected)
    for level, share in zip(quantiles.revenue[:, 0, 0], (0.9, 0.5, 0.1), strict=True):
        with_goal = simulate(expected, goals=np.array([level]))
        assert with_goal.goal_chance[0, 0] == pytest.approx(share, abs=0.001)
        assert with_goal.total_goal_chance[0] == with_goal.goal_chance[0, 0], "one period is the sum"
        assert (with_goal.revenue == quantiles.revenue).all(), "a goal changes no draw"


def test_goal_is_certain_or_impossible_without_uncertainty() -> None:
    certain = expectation(0.0, 0.0)
    assert simulate(certain, goals=np.array([20.0])).goal_chance[0, 0] == 1.0
    assert simulate(certain, goals=np.array([20.01])).goal_chance[0, 0] == 0.0
    assert np.isnan(simulate(certain).goal_chance).all()
