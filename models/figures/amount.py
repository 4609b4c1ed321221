"""E[amount | won] and its interval: the chance of a paying deal, its size, and the errors of both on later wins."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from history.base.arrays import Floats
from models.figures.additive import AdditiveModel
from models.figures.intervals import Estimate
from models.figures.kernel import amounts, sigmoid


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
        amounts(log_size, self.paying(values), self.factor, self.levels, self.residuals, out)
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
