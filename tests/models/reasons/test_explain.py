"""Reasons: points add up to the rise of the probability, and the largest come first."""

from dataclasses import replace

import numpy as np
import pytest

from features.feature import Feature
from models.figures.additive import AdditiveModel
from models.figures.calibration import line
from models.figures.kernel import NEAR
from models.reasons.explain import Instant, Wording, _largest, differences, points
from tests.builders.feature_words import words
from tests.builders.small_models import COLUMNS, made_model, made_values, odd_values

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def model(request: pytest.FixtureRequest) -> AdditiveModel:
    return made_model(request.param)


@pytest.mark.parametrize("slope", [0.05, 1.0, 2.5])
def test_points_add_up_to_the_rise_of_the_probability(model: AdditiveModel, slope: float) -> None:
    calibration = line(slope, 0.3)
    values = np.vstack([made_values(24, 150), odd_values()])
    parts, base = model.contributions(values)
    worth = points(parts, base, calibration)
    rise = calibration.probability(model.margin(values)) - calibration.probability(np.array([base]))[0]
    np.testing.assert_allclose(worth.sum(axis=1), 100 * rise, rtol=0, atol=1e-7)
    assert (np.sign(worth) == np.sign(parts)).all()


def test_points_of_a_lead_at_the_base_are_finite_and_small() -> None:
    """The chord has no length there: the curve's own slope stands in."""
    parts = np.array([[0.0, 0.0], [1.0, -1.0], [NEAR / 3, 0.0]])
    worth = points(parts, -1.0, line(1.0, 0.0))
    assert np.isfinite(worth).all()
    assert abs(worth[1].sum()) < 1e-9
    assert worth[1, 0] > 10
    assert 0 < worth[2, 0] < 100 * NEAR


def test_equal_points_keep_the_order_of_columns() -> None:
    row, values = np.array([1.0, -2.0, 0.0, 2.0, 1.0]), np.arange(5.0)
    features = tuple(Feature(f"x{j}", "number", "number", 0, "stages", "x {value}") for j in range(5))
    largest = _largest(row, values, features, Wording(words()), None)
    assert [reason["feature"] for reason in largest] == ["x1", "x3", "x0", "x4"]
    assert [reason["direction"] for reason in largest] == ["down", "up", "up", "up"]
    assert _largest(row, values, features, Wording(words()), 2) == largest[:2]


@pytest.mark.parametrize("slope", [0.05, 1.0, 2.5])
def test_differences_add_up_to_the_change(model: AdditiveModel, slope: float) -> None:
    calibration = line(slope, 0.3)
    columns = tuple(
        replace(column, unit="number", kind="number", phrase="x {value}", missing="no x")
        for column in COLUMNS
    )
    values = np.vstack([made_values(7, 40), odd_values()])
    probability = calibration.probability(model.margin(values))
    for i in range(len(values) - 1):
        after = Instant(values[i + 1], columns)
        moved = differences(model, calibration, values[i], after, Wording(words()))
        total = sum(reason["points"] for reason in moved)
        assert total == pytest.approx(100 * (probability[i + 1] - probability[i]), abs=1e-7)
        assert all((reason["points"] > 0) == (reason["direction"] == "up") for reason in moved)
    same = differences(model, calibration, values[0], Instant(values[0], columns), Wording(words()))
    assert same == []


def test_what_a_value_is_called_does_not_depend_on_what_was_said_before() -> None:
    wording = Wording(words())
    feature = Feature("x", "number", "number", 0, "stages", "x {value}", missing="no x")
    told = [wording.told(feature, value, up) for up in (True, False) for value in (1.0, np.nan, 2.0)]
    again = [wording.told(feature, value, up) for up in (True, False) for value in (1.0, np.nan, 2.0)]
    assert told == again
    assert told == [
        Wording(words()).told(feature, value, up) for up in (True, False) for value in (1.0, np.nan, 2.0)
    ]
    assert len(wording.kept) == 6


@pytest.mark.parametrize(
    "unit", ["days", "hours", "signed_days", "share", "times", "number", "interactions", "trend"]
)
@pytest.mark.parametrize("phrase", ["x of {value}", "{value} of x"])
def test_values_that_read_alike_are_told_as_if_each_came_alone(unit: str, phrase: str) -> None:
    """Sentences are kept by the words of a value, which may not tell its number."""
    wording = Wording(words())
    feature = Feature("x", "number", unit, 0, "stages", phrase, missing="no x")
    whole = unit in ("interactions", "trend")
    values = [0.0, 1.0, -1.0, 2.0, 1e6] if whole else [0.0, 1.0, -1.0, 1.001, 3.52, 3.5201, 3.521, 1e16, 2e16]
    for value in [*values, np.nan, *reversed(values)]:
        for up in (True, False):
            assert wording.told(feature, value, up) == Wording(words()).told(feature, value, up)
