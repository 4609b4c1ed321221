"""Shared bins: the trees of a fit's own bins, whatever the order of the rows."""

import re
from pathlib import Path

import numpy as np
import pytest

from models.figures.parameters import Parameters
from tests.builders.small_models import COLUMNS, made_outcomes, made_values
from training.fit.additive import FitSettings, WeightedRows, conversion_options, fit_conversion
from training.rows.bins import BinnedRows, find_bins

SETTINGS = FitSettings(Parameters(rounds=10, row_share=1.0), 0)


@pytest.mark.parametrize("seed", [1, 2])
def test_trees_are_those_of_bins_found_by_the_fit(seed: int) -> None:
    values = made_values(seed, 600)
    won, weight = made_outcomes(values, seed), np.random.default_rng(seed).uniform(0.5, 2, 600)
    own = WeightedRows(values, COLUMNS, won, weight)
    binned = BinnedRows(find_bins([values[:400], values[400:]], COLUMNS), np.arange(600))
    shared = WeightedRows(values, COLUMNS, won, weight, binned)
    expected = fit_conversion(own, SETTINGS).margin(values)
    np.testing.assert_array_equal(fit_conversion(shared, SETTINGS).margin(values), expected)
    # Rows in any order carry their own target and weight.
    order = np.random.default_rng(seed).permutation(600)
    np.testing.assert_allclose(
        fit_conversion(shared.take(order), SETTINGS).margin(values), expected, atol=1e-6
    )


def test_a_row_may_stand_twice() -> None:
    """As a win and as a loss, as open rows do."""
    values = made_values(3, 300)
    binned = BinnedRows(find_bins(values, COLUMNS), np.arange(300)).with_more(np.arange(300))
    target, weight = np.repeat([1.0, 0.0], 300), np.repeat([0.3, 0.7], 300)
    rows = WeightedRows(np.vstack([values, values]), COLUMNS, target, weight, binned)
    margin = fit_conversion(rows, SETTINGS).margin(values)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), 0.3, atol=0.01)


def test_columns_that_exclude_each_other_stay_apart(tmp_path: Path) -> None:
    """LightGBM would bundle them, and write beyond its memory where fits of some rows sum bundles by column."""
    values = np.zeros((600, len(COLUMNS)))
    values[np.arange(600), np.arange(600) % len(COLUMNS)] = 1.0
    find_bins(values, COLUMNS)._dump_text(tmp_path / "bins.txt")
    counts = dict(re.findall(r"^(num_\w+): (\d+)$", (tmp_path / "bins.txt").read_text(), re.MULTILINE))
    assert counts["num_groups"] == counts["num_features"]
    assert not conversion_options(SETTINGS, COLUMNS)["enable_bundle"]
