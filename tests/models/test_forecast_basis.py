"""The forecast basis in a bundle's JSON: missing values stay missing, cents stay."""

import json

import numpy as np

from models.forecast_basis import SERIES, ForecastBasis


def basis(instants: int, spans: int) -> ForecastBasis:
    random = np.random.default_rng(1)
    series = {name: random.lognormal(6, 2, (instants, spans)) for name in SERIES}
    series["wins"][-1:, -1:] = np.nan  # a span that was not over at training
    recent = {name: random.random(instants) for name in ("recent_wins", "recent_revenue")}
    days = np.arange(7.0, 7 * spans + 1, 7)
    return ForecastBasis(np.arange(instants) * 10**15, days, **series, **recent)


def test_json_round_trip_keeps_cents_and_missing_values() -> None:
    before = basis(3, 4)
    after = ForecastBasis.from_dict(json.loads(json.dumps(before.to_dict(), allow_nan=False)))
    assert after.as_of_us.tolist() == before.as_of_us.tolist()
    for name in (*SERIES, "recent_wins", "recent_revenue"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=5e-5, rtol=0)
    assert ForecastBasis.from_dict(after.to_dict()).to_dict() == after.to_dict()


def test_basis_without_an_instant_keeps_its_spans() -> None:
    after = ForecastBasis.from_dict(basis(0, 4).to_dict())
    assert len(after) == 0
    assert after.wins.shape == (0, 4)
