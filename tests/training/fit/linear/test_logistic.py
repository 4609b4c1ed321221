"""Newton steps with reused Hessians end where the penalised likelihood is flat, whatever the data."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.fit.linear.design_matrix import BLOCK, DesignMatrix
from training.fit.linear.logistic import TOLERANCE, fit_coefficients


@pytest.mark.parametrize("c", [0.002, 1.0, 1e4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coefficients_are_those_of_scikit_learn(seed: int, c: float) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(600, 8))
    x[:, 7] = x[:, 6] * 1e-3  # nearly no information beside another column
    won = (random.random(600) < 1 / (1 + np.exp(1 - x[:, 0] - x[:, 1]))).astype(np.float64)
    weight = random.uniform(0.1, 2, 600)
    slopes, intercept = fit_coefficients(DesignMatrix.of(x), won, weight, c)
    plain = LogisticRegression(C=c, tol=1e-10, max_iter=1000).fit(x, won, sample_weight=weight)
    np.testing.assert_allclose(x @ slopes + intercept, plain.decision_function(x), rtol=0, atol=2e-3)


@pytest.mark.parametrize("rows", [300, BLOCK, BLOCK + 300])
def test_the_gradient_is_flat_at_the_end(rows: int) -> None:
    """The derivative by the intercept is zero: predictions sum to the wins; those by slopes equal the penalty."""
    random = np.random.default_rng(rows)
    x, weight, c = random.normal(size=(rows, 5)), random.uniform(0.1, 2, rows), 0.05
    won = (random.random(rows) < 0.1).astype(np.float64)
    slopes, intercept = fit_coefficients(DesignMatrix.of(x), won, weight, c)
    residual = weight * (1 / (1 + np.exp(-(x @ slopes + intercept))) - won)
    assert abs(residual.sum()) <= TOLERANCE * weight.sum()
    np.testing.assert_allclose(x.T @ residual + slopes / c, 0, atol=TOLERANCE * weight.sum())


def test_separable_and_constant_columns_do_no_harm() -> None:
    x = np.column_stack([np.r_[-np.ones(50), np.ones(50)], np.zeros(100)])
    won = np.r_[np.zeros(50), np.ones(50)]
    slopes, intercept = fit_coefficients(DesignMatrix.of(x), won, np.ones(100), 1e3)
    assert np.isfinite([*slopes, intercept]).all()
    assert slopes[1] == 0
    assert (((x @ slopes + intercept) > 0) == (won > 0)).all()
