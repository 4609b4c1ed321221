"""Weighted quantiles equal the quantiles of repeated values, and keep both ends."""

import numpy as np
import pytest

from training.fit.quantiles import LEVELS, weighted_quantiles


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weighted_quantiles_equal_those_of_repeated_values(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, weight = random.normal(size=400), random.integers(1, 5, 400)
    quantiles = weighted_quantiles(values, weight.astype(np.float64))
    expected = np.quantile(np.repeat(values, weight), LEVELS)
    np.testing.assert_allclose(quantiles[5:-5], expected[5:-5], atol=0.05)
    assert (np.diff(quantiles) >= 0).all()
    assert quantiles[0] == values.min()
    assert quantiles[-1] == values.max()
