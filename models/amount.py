"""E[amount | won] and its interval: the chance of a paying deal, its size, and the errors of both on later wins."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from history.base.arrays import Floats
from history.base.compiled import F64, OUT, compiled
from models.additive import AdditiveModel
from models.calibration import sigmoid
from models.intervals import Estimate

LOW, HIGH = 0.1, 0.9  # levels of the 80 % interval
LARGEST_LOG = 46.0  # e^46 = 1e20: no deal is larger


@dataclass(frozen=True)
class AmountModel:
    """positive(x) * factor * exp(size(x)): the chance that a won deal pays, times its size if it does.

    size: log amount of deals > 0, or None for the constant `level`. positive: log-odds of amount > 0, or None for the
    constant `positive_rate`. factor: corrects the total on later wins (Duan's smearing estimate, 1983, shrunk).
    residuals (levels,): quantiles of log(amount) - size(x) on later wins. predictable: True if size(x) distinguished
    later amounts.
    """

    size: AdditiveModel | None
    level: float
    positive: AdditiveModel | None
    positive_rate: float
    factor: float
    levels: Floats
    residuals: Floats
    predictable: bool

    def predict(self, values: Floats) -> Estimate:
        """Expected amount if won and its 80 % interval for feature values (n, k)."""
        if self.size is None:
            log_size = np.full(len(values), self.level)
        else:
            log_size = self.size.margin(values)
        out = np.empty((3, len(values)))
        _amounts(log_size, self.paying(values), self.factor, self.levels, self.residuals, out)
        return Estimate(out[0], out[1], out[2])

    def paying(self, values: Floats) -> Floats:
        """The chance (n,) that a won deal pays at all."""
        if self.positive is None:
            return np.full(len(values), self.positive_rate)
        return sigmoid(self.positive.margin(values))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the additive models, which the bundle stores itself."""
        return {
            "level": self.level,
            "positive_rate": self.positive_rate,
            "factor": self.factor,
            "predictable": self.predictable,
            "levels": self.levels.tolist(),
            "residuals": self.residuals.tolist(),
        }

    @classmethod
    def from_dict(
        cls, d: dict[str, Any], size: AdditiveModel | None, positive: AdditiveModel | None
    ) -> "AmountModel":
        """The inverse of to_dict, with the additive models of the bundle."""
        return cls(
            size=size,
            level=d["level"],
            positive=positive,
            positive_rate=d["positive_rate"],
            factor=d["factor"],
            levels=np.array(d["levels"]),
            residuals=np.array(d["residuals"]),
            predictable=d["predictable"],
        )


@compiled(types.void(F64, F64, types.float64, F64, F64, OUT))
def _amounts(
    log_size: Floats, positive: Floats, factor: float, levels: Floats, residuals: Floats, out: Floats
) -> None:
    """Expected amounts and both ends of their intervals, in out (3, n): a mixture of zeros and the residuals."""
    for i in range(len(log_size)):
        size = math.exp(min(max(log_size[i], -LARGEST_LOG), LARGEST_LOG))
        zero = 1 - positive[i]
        out[0, i] = positive[i] * factor * size
        for end in range(2):
            level = HIGH if end else LOW
            # The quantile of the paying deals that is the mixture's quantile at this level.
            inner = min(max((level - zero) / max(positive[i], 1e-9), 0.0), 1.0)
            out[1 + end, i] = 0.0 if level <= zero else math.exp(np.interp(inner, levels, residuals)) * size
