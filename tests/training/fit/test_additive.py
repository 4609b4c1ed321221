"""Additive fits: a linear start, trees on top of it, and monotone where the catalogue states a direction."""

from dataclasses import replace

import numpy as np
import pytest

from features.feature import Feature
from history.base.arrays import Floats
from tests.builders.small_models import QUICK, conversion_rows
from training.fit.additive import (
    MAX_TREE_COLUMNS,
    FitSettings,
    WeightedRows,
    conversion_options,
    fit_conversion,
    fit_regression,
)

SEEDS = (1, 2, 3)


def test_without_rounds_the_model_is_the_linear_start() -> None:
    model = fit_conversion(conversion_rows(1), FitSettings(replace(QUICK, rounds=0), 0))
    assert model.trees is None
    assert model.share == 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_trees_lower_the_log_loss_of_their_start(seed: int) -> None:
    rows = conversion_rows(seed)
    model = fit_conversion(rows, FitSettings(QUICK, seed))
    start = replace(model, trees=None).margin(rows.values)

    def log_loss(margin: Floats) -> float:
        return float(np.mean(np.logaddexp(0.0, margin) - rows.target * margin))

    assert log_loss(model.margin(rows.values)) < log_loss(start)


@pytest.mark.parametrize("columns", [4, 100, 150, 400])
def test_trees_of_a_wide_catalogue_see_a_smaller_share_of_it(columns: int) -> None:
    feature = Feature("number", "count", "number", 0, "attributes", "", "")
    share = conversion_options(FitSettings(QUICK, 0), [feature] * columns)["feature_fraction"]
    if columns <= 100:
        assert share == QUICK.column_share
    else:
        assert share * columns == pytest.approx(MAX_TREE_COLUMNS)


@pytest.mark.parametrize("seed", SEEDS)
def test_trees_are_monotone_in_a_stated_direction(seed: int) -> None:
    """Outcomes that rise with the number, then fall: trees alone may not follow the fall."""
    random = np.random.default_rng(seed)
    values = random.uniform(-3, 3, (800, 1))
    won = (random.random(800) < np.where(values[:, 0] > 1, 0.1, (values[:, 0] + 3) / 5)).astype(np.float64)
    column = Feature("number", "count", "number", 1, "attributes", "", "")
    rows = WeightedRows(values, (column,), won, np.ones(800))
    model = fit_conversion(rows, FitSettings(replace(QUICK, linear_share=0.0), seed))
    line: Floats = np.linspace(-3, 3, 200)[:, None]
    assert model.trees is not None
    assert (np.diff(model.trees.predict(line)) >= 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_regression_explains_a_target_of_its_features(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=(600, 2))
    columns = tuple(Feature(f"x{j}", "number", "number", 0, "attributes", "", "") for j in range(2))
    target = values[:, 0] + 0.5 * values[:, 1] ** 2
    rows = WeightedRows(values, columns, target, np.ones(600))
    fitted = fit_regression(rows, FitSettings(replace(QUICK, rounds=150), seed), ridge_alpha=1.0).margin(
        values
    )
    assert np.corrcoef(fitted, target)[0, 1] > 0.9
    assert fitted.mean() == pytest.approx(target.mean(), abs=0.05)
