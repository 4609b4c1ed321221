"""The penalty of the linear start by the data: how much the coefficients of each group of regressors vary."""

from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from training.fit.linear.design_matrix import DesignMatrix
from training.fit.linear.logistic import TOLERANCE, Coefficients, Newton

# Variance of a coefficient, in log-odds per standard deviation of its regressor, before any evidence, and for how many
# coefficients of each group this counts.
USUAL_VARIANCE, USUAL_COEFFICIENTS = 0.005, 2.0
# Least and most. Where effects do not add up, trees would have to undo the larger effects of a weaker penalty.
VARIANCES = (1e-5, 0.05)
MAX_UPDATES, SETTLED = 12, 0.1  # of the variances; they are settled if none changes by more, in logarithms
LOOSE = 1e-4  # tolerance of the coefficients between updates


class PriorFit(NamedTuple):
    """The coefficients and the variance (groups,) that the data gives each group of them."""

    coefficients: Coefficients
    variance: Floats


def fit_with_prior(x: DesignMatrix, groups: Ints, won: Floats, weight: Floats, evidence: float) -> PriorFit:
    """Logistic regression of won (n,) on regressors (n, m) whose coefficients are normal with a variance by group.

    groups (m,): the group of each regressor, 0 to the last. evidence: how many independent rows the weighted rows are
    worth. The variances are those under which the outcomes are likeliest (evidence framework: MacKay 1992, by Laplace's
    approximation, with his fixed-point update): of a group that says nothing they shrink, and a group that says much is
    hardly held back. Each is drawn to USUAL_VARIANCE as if USUAL_COEFFICIENTS of that size had been seen.
    """
    sizes = np.bincount(groups)
    variance = np.full(len(sizes), USUAL_VARIANCE)
    newton = Newton(x, won, weight, 1.0 / (evidence * variance[groups]))
    newton.descend(LOOSE)
    for _ in range(MAX_UPDATES):
        # Of each group, how many of its coefficients the data has determined.
        uncertain = np.bincount(groups, newton.inverse_curvature() / evidence) / variance
        determined = np.maximum(sizes - uncertain, 0.0)
        squares = np.bincount(groups, newton.coefficients.slopes**2)
        updated = (squares + USUAL_COEFFICIENTS * USUAL_VARIANCE) / (determined + USUAL_COEFFICIENTS)
        updated = np.clip(updated, *VARIANCES)
        change = float(np.abs(np.log(updated / variance)).max())
        variance = updated
        newton.penalise(1.0 / (evidence * variance[groups]))
        newton.descend(LOOSE)
        if change < SETTLED:
            break
    newton.descend(TOLERANCE)
    return PriorFit(newton.coefficients, variance)
