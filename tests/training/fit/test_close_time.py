"""Days to the win: calibrated on wins that the fit did not see, and reasonable with few or none."""

import numpy as np
import pytest

from features.feature import Feature
from history.base.arrays import Floats
from training.fit.close_time import MIN_WINS, WonRows, fit_close_time

COLUMNS = tuple(Feature(f"x{j}", "number", "number", 0, "attributes", "", "") for j in range(3))
HORIZON = 90
SEEDS = (1, 2, 3)


def wins_with_days(seed: int, n: int) -> tuple[Floats, Floats]:
    """Features and days to the win, later where x0 is high."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, 3))
    place = -0.5 + 0.8 * values[:, 0] + random.normal(0, 0.9, n)
    return values, HORIZON / (1 + np.exp(-place))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [40, 400])
def test_fresh_wins_are_uniform_in_their_distributions(seed: int, n: int) -> None:
    """The probability integral transform: a tenth of the wins in each tenth, more or less."""
    values, days = wins_with_days(seed, n)
    model = fit_close_time(WonRows(values, COLUMNS, days, np.arange(n)), HORIZON, 0)
    fresh, later = wins_with_days(seed + 100, 3000)
    pit = model.cdf(model.place(fresh), later)
    assert pit.mean() == pytest.approx(0.5, abs=0.1 if n < MIN_WINS else 0.05)
    shares = np.histogram(pit, bins=5, range=(0, 1))[0] / len(pit)
    np.testing.assert_allclose(shares, 0.2, atol=0.15 if n < MIN_WINS else 0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_half_of_fresh_wins_come_by_the_median_day(seed: int) -> None:
    values, days = wins_with_days(seed, 400)
    model = fit_close_time(WonRows(values, COLUMNS, days, np.arange(400)), HORIZON, 0)
    fresh, later = wins_with_days(seed + 200, 3000)
    median = model.median_days(fresh)
    assert (later <= median).mean() == pytest.approx(0.5, abs=0.06)
    assert np.corrcoef(median, fresh[:, 0])[0, 1] > 0.7
    np.testing.assert_allclose(model.cdf(model.place(fresh), median), 0.5, atol=1e-6)


def test_without_wins_the_distribution_is_uniform() -> None:
    model = fit_close_time(
        WonRows(np.zeros((0, 3)), COLUMNS, np.zeros(0), np.zeros(0, dtype=np.int64)), HORIZON, 0
    )
    days = np.arange(1.0, HORIZON)
    np.testing.assert_allclose(model.cdf(model.place(np.zeros((1, 3))), days), days / HORIZON, atol=2e-3)
    assert model.median_days(np.zeros((1, 3)))[0] == pytest.approx(HORIZON / 2)


@pytest.mark.parametrize("days", [[45.0], [1e-9] * 20, [90.0] * 20, [90.0] * 200, [10.0, 80.0] * 15])
def test_few_or_equal_days_give_a_distribution(days: list[float]) -> None:
    n = len(days)
    values = np.random.default_rng(1).normal(size=(n, 3))
    model = fit_close_time(WonRows(values, COLUMNS, np.array(days), np.arange(n)), HORIZON, 0)
    share = model.cdf(model.place(values[:1])[:, None], np.linspace(0, HORIZON, 181)[None, :])[0]
    assert share[0] == 0.0
    assert share[-1] == 1.0
    assert (np.diff(share) >= 0).all()
    assert 0 < model.median_days(values[:1])[0] <= HORIZON
    assert (np.diff(model.residuals, axis=1) > 0).all()


def test_the_same_wins_give_the_same_model() -> None:
    values, days = wins_with_days(4, 150)
    first, again = (
        fit_close_time(WonRows(values, COLUMNS, days, np.arange(150)), HORIZON, 3) for _ in range(2)
    )
    assert first.median_days(values).tobytes() == again.median_days(values).tobytes()
    assert first.residuals.tobytes() == again.residuals.tobytes()


def test_a_quick_fit_gives_nearly_the_same_shares() -> None:
    values, days = wins_with_days(6, 1500)
    wins, by_days = WonRows(values, COLUMNS, days, np.arange(1500)), np.arange(10.0, 90, 20)[None, :]
    usual, quick = (fit_close_time(wins, HORIZON, 0, is_quick=is_quick) for is_quick in (False, True))
    difference = usual.cdf(usual.place(values)[:, None], by_days) - quick.cdf(
        quick.place(values)[:, None], by_days
    )
    assert np.abs(difference).mean() < 0.05


def test_early_and_late_wins_have_their_own_spread() -> None:
    """A common spread would put too many early wins at the ends, and the sum by day would be wrong."""
    random = np.random.default_rng(5)

    def spread_by_place(n: int) -> tuple[Floats, Floats]:
        values = random.normal(size=(n, 3))
        place = 1.2 * values[:, 0] + random.normal(0, 1, n) * np.where(values[:, 0] < 0, 0.3, 1.5)
        return values, HORIZON / (1 + np.exp(-place))

    values, days = spread_by_place(1500)
    model = fit_close_time(WonRows(values, COLUMNS, days, np.arange(1500)), HORIZON, 0)
    fresh, later = spread_by_place(6000)
    soon = fresh[:, 0] < -0.5
    for part in (soon, ~soon):
        predicted = model.cdf(model.place(fresh[part])[:, None], np.arange(10.0, 90, 20)[None, :]).mean(
            axis=0
        )
        came = (later[part][:, None] <= np.arange(10.0, 90, 20)).mean(axis=0)
        np.testing.assert_allclose(predicted, came, atol=0.04)
