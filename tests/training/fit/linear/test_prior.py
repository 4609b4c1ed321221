"""Penalties set by the data are those under which the outcomes are likeliest, and spare what matters."""

import numpy as np
import pytest
from scipy.optimize import minimize

from history.base.arrays import Floats, Ints
from models.figures.kernel import sigmoid
from training.fit.linear.design_matrix import DesignMatrix
from training.fit.linear.logistic import TOLERANCE
from training.fit.linear.prior import USUAL_COEFFICIENTS, USUAL_VARIANCE, VARIANCES, fit_with_prior

GROUPS: Ints = np.repeat([0, 1], [12, 20]).astype(np.int64)  # the first decides, the second says nothing


def made(seed: int, n: int = 3000) -> tuple[Floats, Floats]:
    """Regressors (n, 32) and outcomes (n,): coefficients of the first group have a standard deviation of 0.1."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, len(GROUPS)))
    slopes = np.where(GROUPS == 0, 0.1 * random.normal(size=len(GROUPS)), 0.0)
    return x, (random.random(n) < sigmoid(x @ slopes - 1)).astype(np.float64)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_variances_are_those_of_the_largest_evidence(seed: int) -> None:
    x, won = made(seed, 600)
    n = len(won)
    x1 = np.column_stack([x, np.ones(n)])

    def minus_log_evidence(log_variance: Floats) -> float:
        """Laplace's approximation of the marginal likelihood, and the prior of the variances themselves."""
        variance = np.exp(log_variance)
        penalty = np.append(1 / variance[GROUPS], 0.0)

        def loss(point: Floats) -> tuple[float, Floats]:
            margin = x1 @ point
            value = np.sum(np.logaddexp(0, margin) - won * margin) + penalty @ point**2 / 2
            return float(value), x1.T @ (sigmoid(margin) - won) + penalty * point

        best = minimize(loss, np.zeros(x1.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-6})
        p = sigmoid(x1 @ best.x)
        curvature = (x1 * (p * (1 - p))[:, None]).T @ x1 + np.diag(penalty)
        own = USUAL_COEFFICIENTS / 2 * np.sum(log_variance + USUAL_VARIANCE / variance)
        log_determinants = np.linalg.slogdet(curvature)[1] + np.sum(log_variance[GROUPS])
        return float(best.fun + log_determinants / 2 + own)

    expected = minimize(minus_log_evidence, np.log([0.05, 0.005]), method="Nelder-Mead").x
    fit = fit_with_prior(DesignMatrix.of(x), GROUPS, won, np.ones(n), float(n))
    np.testing.assert_allclose(np.log(fit.variance), expected, atol=0.25)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_group_that_says_nothing_shrinks(seed: int) -> None:
    x, won = made(seed)
    variance = fit_with_prior(DesignMatrix.of(x), GROUPS, won, np.ones(len(won)), len(won)).variance
    assert 0.1**2 / 3 < variance[0] <= VARIANCES[1]
    assert VARIANCES[0] <= variance[1] < 0.002


def test_less_evidence_means_smaller_coefficients() -> None:
    x, won = made(1)
    sizes = [
        float(
            np.abs(
                fit_with_prior(DesignMatrix.of(x), GROUPS, won, np.ones(3000), worth).coefficients.slopes
            ).sum()
        )
        for worth in (100.0, 1000.0, 3000.0)
    ]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_gradient_is_flat_at_the_end(seed: int) -> None:
    x, won = made(seed)
    weight = np.random.default_rng(seed).uniform(0.1, 2, len(won))
    (slopes, intercept), variance = fit_with_prior(DesignMatrix.of(x), GROUPS, won, weight, 1500.0)
    residual = weight / weight.sum() * (sigmoid(x @ slopes + intercept) - won)
    gradient = x.T @ residual + slopes / (1500.0 * variance[GROUPS])
    np.testing.assert_allclose(np.append(gradient, residual.sum()), 0, atol=TOLERANCE)


def test_columns_without_any_variation_and_separable_ones_do_no_harm() -> None:
    x = np.column_stack([np.r_[-np.ones(50), np.ones(50)], np.zeros(100), np.r_[-np.ones(50), np.ones(50)]])
    won = np.r_[np.zeros(50), np.ones(50)]
    fit = fit_with_prior(DesignMatrix.of(x), np.array([0, 1, 0]), won, np.ones(100), 100.0)
    assert np.isfinite([*fit.coefficients.slopes, *fit.variance]).all()
    assert fit.coefficients.slopes[1] == 0
