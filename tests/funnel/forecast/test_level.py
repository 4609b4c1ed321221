"""The level fitted to replayed forecasts: bias, deviation, priors; and the replays as JSON."""

import json
from dataclasses import replace

import numpy as np

from funnel.forecast.level import ComingSpans, fit_level, prior_level
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis
from tests.builders.known_leads import NOW_US


def basis(ratio: float, origins: int = 8) -> ForecastBasis:
    """Origins a month apart at which 100 wins a month were expected and ratio times as many came."""
    days = np.arange(7.0, 183.0, 7.0)
    grown = np.tile(days * 100 / 30, (origins, 1))
    at = NOW_US - (np.arange(origins, 0, -1) + 6) * 30 * DAY_US
    rate = np.full(origins, 100 / 30)
    return ForecastBasis(
        at,
        days,
        grown / 2,
        grown / 2,
        grown * 5,
        grown * 5,
        grown * ratio,
        grown * 10 * ratio,
        rate,
        rate * 10,
    )


AHEAD = ComingSpans(np.array([0.0, 30.0, 170.0]), np.array([30.0, 60.0, 200.0]), np.full(3, 100.0), 100 / 30)


def test_level_corrects_a_low_replay_and_no_right_one() -> None:
    right, low = (fit_level(basis(r), AHEAD, 30, NOW_US, revenue=False) for r in (1.0, 1.3))
    assert right.measured
    np.testing.assert_allclose(right.factor, 1.0, atol=1e-9)
    assert (low.factor > 1.02).all()
    assert (low.factor < 1.3).all()
    assert (low.deviation > right.deviation).all()


def test_spans_not_over_by_t_are_left_out() -> None:
    early = int(basis(1.3).as_of_us[0]) + 20 * DAY_US
    unknown = fit_level(basis(1.3), AHEAD, 30, early, revenue=False)
    assert not unknown.measured
    np.testing.assert_array_equal(unknown.factor, 1.0)
    assert not fit_level(None, AHEAD, 30, NOW_US, revenue=True).measured


def test_fewer_known_wins_widen_the_deviation() -> None:
    """Twelve wins tell a rate within 29 % of itself; a thousand within 3 %, beside the 8 % that are assumed anyway."""
    few, many, sure = (prior_level(replace(AHEAD, known_wins=n)).deviation[0] for n in (12.0, 1000.0, np.inf))
    np.testing.assert_allclose([few, many, sure], np.sqrt(0.0064 + np.array([1 / 12, 1 / 1000, 0.0])))
    deviations = [
        fit_level(basis(1.3), replace(AHEAD, known_wins=n), 30, NOW_US, revenue=False).deviation
        for n in (12.0, 1000.0)
    ]
    assert (deviations[0] > deviations[1]).all()


def test_unseen_part_of_a_year_widens_the_deviation() -> None:
    none, half, whole = (prior_level(replace(AHEAD, unseen_year=1 - y)).deviation[0] for y in (0.0, 0.5, 1.0))
    np.testing.assert_allclose([none, half, whole], np.sqrt(0.0064 + 0.04 * np.array([1.0, 0.5, 0.0])))


def test_basis_survives_json() -> None:
    stored = basis(1.1)
    wins = stored.wins.copy()
    wins[-1, -3:] = np.nan
    stored = replace(stored, wins=wins)
    back = ForecastBasis.from_dict(json.loads(json.dumps(stored.to_dict(), allow_nan=False)))
    for name, value in vars(stored).items():
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-3)
