"""The level fitted to replayed forecasts, and the replays as JSON."""

import json
from dataclasses import replace

import numpy as np

from funnel.forecast.replays.level import Level, Measure, fit_level
from funnel.forecast.replays.replays import ComingSpans, replays_of
from funnel.forecast.replays.spread import ArrivalSpread
from history.text.times import DAY_US
from models.forecast_basis import ForecastBasis
from tests.builders.leads.known_leads import NOW_US


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
CALM = ArrivalSpread(np.full(3, 0.05), np.array([0.1, 0.5, 0.9]))
NO_REPLAYS = replays_of(None, AHEAD, 30, NOW_US, of_revenue=False)


def level(stored: ForecastBasis, at_us: int = NOW_US) -> Level:
    wins, revenue = (replays_of(stored, AHEAD, 30, at_us, of_revenue=revenue) for revenue in (False, True))
    return fit_level(Measure(AHEAD, (wins, NO_REPLAYS)), Measure(AHEAD, (revenue, NO_REPLAYS)), CALM)


def test_level_corrects_a_low_replay_and_no_right_one() -> None:
    right, low = (level(basis(ratio)) for ratio in (1.0, 1.3))
    assert right.is_measured
    np.testing.assert_allclose(right.factor, 1.0, atol=1e-9)
    assert (low.factor > 1.02).all()
    assert (low.factor < 1.3).all()
    assert (low.wins_deviation > right.wins_deviation).all()
    assert (low.revenue_deviation > right.revenue_deviation).all()


def test_spans_not_over_by_t_are_left_out() -> None:
    unknown = level(basis(1.3), int(basis(1.3).as_of_us[0]) + 20 * DAY_US)
    assert not unknown.is_measured
    np.testing.assert_array_equal(unknown.factor, 1.0)


def test_basis_survives_json() -> None:
    stored = basis(1.1)
    wins = stored.wins.copy()
    wins[-1, -3:] = np.nan
    stored = replace(stored, wins=wins)
    back = ForecastBasis.from_dict(json.loads(json.dumps(stored.to_dict(), allow_nan=False)))
    for name, value in vars(stored).items():
        np.testing.assert_allclose(getattr(back, name), value, rtol=1e-3)
