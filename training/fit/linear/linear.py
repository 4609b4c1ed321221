"""Fits the linear start: logistic regression for conversion, ridge for logarithms of amounts and days."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve

from features.catalogue import Feature
from history.base.arrays import Floats, Ints
from models.figures.linear import LinearModel
from training.fit.linear.design import Regressors, regressors_of
from training.fit.linear.design_matrix import DesignMatrix
from training.fit.linear.logistic import Coefficients, fit_coefficients
from training.fit.linear.prior import USUAL_VARIANCE, fit_with_prior
from training.rows.weights import concentration

MAX_NEWTON_REGRESSORS = 1500  # up to so many a Newton step is cheaper than many gradient steps
MAX_ITERATIONS, TOLERANCE = 200, 1e-5
# Independent rows that the rows of a lead are worth, however many: its outcome is seen from several instants
# (docs/decisions/0087).
ROWS_A_LEAD = 2.0


class LinearFit(NamedTuple):
    """A fitted model and the sums (n,) of the effects of its training rows: their margins without the intercept."""

    model: LinearModel
    effects: Floats


def fit_logistic(
    values: Floats, features: Sequence[Feature], won: Floats, weight: Floats, c: float
) -> LinearFit:
    """L2-regularised logistic regression of won (n,), 1 or 0, on feature values (n, k); c: inverse of the penalty."""
    regressors = regressors_of(values, features, weight)
    fit = fit_coefficients if regressors.x.width <= MAX_NEWTON_REGRESSORS else _fit_wide
    return _folded(regressors, fit(regressors.x, won, weight, c))


def fit_start(
    values: Floats, features: Sequence[Feature], won: Floats, weight: Floats, lead: Ints | None
) -> LinearFit:
    """Logistic regression of won (n,), 1 or 0, on feature values (n, k) with penalties that the data sets.

    lead (n,): the lead of each row, whose rows depend on each other; None if each is one of its own. Of more than
    MAX_NEWTON_REGRESSORS all penalties are the usual one.
    """
    regressors = regressors_of(values, features, weight)
    evidence = 1.0 / concentration(weight, np.arange(len(weight)))  # effective rows
    if lead is not None:
        evidence = min(evidence, ROWS_A_LEAD / concentration(weight, lead))
    if regressors.x.width <= MAX_NEWTON_REGRESSORS:
        groups = regressors.design.groups(features)
        fit = fit_with_prior(regressors.x, groups, won, weight, evidence)
        return _folded(regressors, fit.coefficients)
    usual_c = evidence * USUAL_VARIANCE / float(weight.sum())
    return _folded(regressors, _fit_wide(regressors.x, won, weight, usual_c))


def _folded(regressors: Regressors, fit: Coefficients) -> LinearFit:
    design, x, mean = regressors
    effects = x.times(fit.slopes) - mean @ fit.slopes
    return LinearFit(design.fold(fit.slopes, fit.intercept, mean), effects)


def _fit_wide(regressors: DesignMatrix, won: Floats, weight: Floats, c: float) -> Coefficients:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=MAX_ITERATIONS, tol=TOLERANCE, solver="lbfgs")
    with warnings.catch_warnings():
        # A start that has not converged to the last digit is as good: the trees take up the rest.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(regressors.dense(), won, sample_weight=weight)
    return Coefficients(model.coef_[0], float(model.intercept_[0]))


def fit_ridge(
    values: Floats, features: Sequence[Feature], target: Floats, weight: Floats, alpha: float
) -> LinearFit:
    """Ridge regression of target (n,) on feature values (n, k); alpha: the penalty."""
    design, x, mean = regressors_of(values, features, weight)
    level = float(np.average(target, weights=weight))
    slopes = _ridge_slopes(x, mean, target - level, weight, alpha)
    model = design.fold(slopes, level - float(mean @ slopes), mean)
    return LinearFit(model, x.times(slopes) - mean @ slopes)


def _ridge_slopes(x: DesignMatrix, mean: Floats, target: Floats, weight: Floats, alpha: float) -> Floats:
    """The minimum (m,) of sum(weight * (target - (x - mean) @ slopes)^2) + alpha |slopes|^2.

    mean (m,): of the regressors (n, m) under weight (n,); that of target (n,) is 0.
    """
    n, m = len(x), x.width
    if m <= n:
        gram = x.gram(weight) - weight.sum() * np.outer(mean, mean)
        gram[np.arange(m), np.arange(m)] += alpha
        return np.asarray(cho_solve(cho_factor(gram, lower=True), x.sums(weight * target)), dtype=np.float64)
    # Fewer rows than regressors: the same slopes by a system of rows.
    root = np.sqrt(weight)
    scaled = (x.dense() - mean) * root[:, None]
    gram = scaled @ scaled.T
    gram[np.arange(n), np.arange(n)] += alpha
    return np.asarray(scaled.T @ solve(gram, root * target, assume_a="pos"), dtype=np.float64)
