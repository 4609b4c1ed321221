"""Newton's method for penalised logistic regression with few Hessians, which cost far more than gradients."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lapack

from history.base.arrays import Floats
from models.figures.calibration import log_odds
from models.figures.kernel import sigmoid
from training.fit.linear.design_matrix import DesignMatrix

MAX_STEPS, TOLERANCE = 100, 1e-6
MAX_HALVINGS = 30
# A step that leaves more than this share of the gradient asks for the Hessian of where it led.
SLOW = 0.6
# Of more rows, and more for each regressor, the first Hessian reads some at even distances: three more gradients cost
# less than the rest of one Hessian (docs/decisions/0074). Each later one reads MORE_ROWS times as many.
HESSIAN_ROWS, ROWS_PER_REGRESSOR = 4096, 8
MORE_ROWS = 2
BLOCK = 1024  # rows of a gradient that are read twice while they are in the cache


class Coefficients(NamedTuple):
    """Log-odds are x @ slopes + intercept; slopes (m,)."""

    slopes: Floats
    intercept: float


def fit_coefficients(regressors: DesignMatrix, won: Floats, weight: Floats, c: float) -> Coefficients:
    """The minimum of c * sum(weight * log loss) + |slopes|^2 / 2 for regressors (n, m), won and weight (n,).

    won is 1 or 0, with both present. The intercept is not penalised.
    """
    newton = Newton(regressors, won, weight, np.full(regressors.width, 1.0 / (c * weight.sum())))
    newton.descend(TOLERANCE)
    return newton.coefficients


class _State(NamedTuple):
    """A point (m + 1,), slopes then intercept, with its loss, its gradient and the rows' probabilities (n,)."""

    point: Floats
    loss: float
    gradient: Floats
    probability: Floats


class _Problem(NamedTuple):
    """Regressors (n, m), outcomes and weights (n,) of sum 1, and the penalty (m,) of the slopes."""

    x: DesignMatrix
    won: Floats
    weight: Floats
    penalty: Floats

    def at(self, point: Floats) -> _State:
        """The state at a point (m + 1,)."""
        slopes, n = point[:-1], len(self.x)
        margin, probability, gradient = np.empty(n), np.empty(n), np.append(self.penalty * slopes, 0.0)
        for start in range(0, n, BLOCK):
            rows = slice(start, start + BLOCK)
            x = self.x.take(rows)
            margin[rows] = x.times(slopes) + point[-1]
            probability[rows] = sigmoid(margin[rows])
            residual = self.weight[rows] * (probability[rows] - self.won[rows])
            gradient[:-1] += x.sums(residual)
            gradient[-1] += residual.sum()
        losses = np.logaddexp(0.0, margin) - self.won * margin
        loss = self.weight @ losses + (self.penalty @ slopes**2) / 2
        return _State(point, float(loss), gradient, probability)

    def step(self, state: _State, direction: Floats) -> _State:
        """The point after the direction, halved until the loss falls; the same point if it never does."""
        descent, share = float(state.gradient @ direction), 1.0
        for _ in range(MAX_HALVINGS):
            tried = self.at(state.point + share * direction)
            if tried.loss <= state.loss + 1e-4 * share * descent + 1e-14:
                return tried
            share /= 2
        return state

    def curvature(self, state: _State, rows: int) -> Floats:
        """The Hessian (m + 1, m + 1) of the loss alone, its lower triangle, by at least so many rows, or by all."""
        m = self.x.width
        step = max(1, len(self.x) // rows)
        variance = self.weight * state.probability * (1 - state.probability)
        x, some = self.x.take(slice(None, None, step)), variance[::step]
        some = some * (variance.sum() / some.sum())
        hessian = np.zeros((m + 1, m + 1))
        hessian[:m, :m] = x.gram(some, np.float32)
        hessian[m, :m], hessian[m, m] = x.sums(some), some.sum()
        return hessian


class Newton:
    """Newton's method for the mean log loss of regressors (n, m) plus penalty @ slopes^2 / 2; penalty (m,).

    The log loss is weighted by weight (n,); the intercept is not penalised. A Hessian serves several steps (Shamanskii
    1967) and is summed, mostly in single precision, over some of the rows, more of them each time that steps become
    slow: it sets the way alone, while the gradient, in double precision and over all rows, sets where the way ends.
    """

    def __init__(self, x: DesignMatrix, won: Floats, weight: Floats, penalty: Floats) -> None:
        self._problem = _Problem(x, won, weight / weight.sum(), penalty)
        point = np.zeros(x.width + 1)
        point[-1] = log_odds(np.average(won, weights=weight))
        self._state = self._problem.at(point)
        self._rows = max(ROWS_PER_REGRESSOR * x.width, HESSIAN_ROWS)
        self._factor = self._factorised()

    @property
    def coefficients(self) -> Coefficients:
        """Those of the point that is reached."""
        return Coefficients(self._state.point[:-1], float(self._state.point[-1]))

    def descend(self, tolerance: float) -> None:
        """Steps until no derivative exceeds the tolerance."""
        last = np.inf
        for _ in range(MAX_STEPS):
            size = float(np.abs(self._state.gradient).max())
            if size <= tolerance:
                break
            if size > SLOW * last:
                self._rows *= MORE_ROWS
                self._factor = self._factorised()
            last = size
            self._state = self._problem.step(self._state, cho_solve(self._factor, -self._state.gradient))

    def penalise(self, penalty: Floats) -> None:
        """Goes on from here under another penalty (m,)."""
        slopes, more = self._state.point[:-1], penalty - self._problem.penalty
        self._problem = self._problem._replace(penalty=penalty)
        self._state = self._state._replace(
            loss=self._state.loss + float(more @ slopes**2) / 2,
            gradient=self._state.gradient + np.append(more * slopes, 0.0),
        )
        self._factor = self._factorised()

    def inverse_curvature(self) -> Floats:
        """The diagonal (m,) of the inverse of the Hessian, penalty included, by the latest factor."""
        inverse, _ = lapack.dpotri(self._factor[0], lower=1)
        return np.asarray(np.diag(inverse)[:-1], dtype=np.float64)

    def _factorised(self) -> tuple[Floats, bool]:
        """The Cholesky factor, lower, of the Hessian here."""
        hessian = self._problem.curvature(self._state, self._rows)
        every = np.arange(len(hessian))
        hessian[every[:-1], every[:-1]] += self._problem.penalty
        # Rounding of the sums must not make a flat direction negative.
        hessian[every, every] += 1e-6 * float(np.trace(hessian)) / len(hessian)
        factor: tuple[Floats, bool] = cho_factor(hessian, lower=True)
        return factor
