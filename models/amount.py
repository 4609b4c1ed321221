"""E[amount | won] and its interval: whether it is zero, how large it is if not, and how far off that was on
later wins.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from features.compiled import F64, compiled
from models.additive import AdditiveModel
from models.calibration import sigmoid

Floats = npt.NDArray[np.float64]

LOW, HIGH = 0.1, 0.9
LARGEST_LOG = 46.0  # e^46 = 1e20: no deal is larger


@dataclass(frozen=True)
class AmountModel:
    """positive(x) * factor * exp(size(x)): the chance that a won deal brings money, times its size if it
    does.

    size: log amount of deals > 0, or None for the constant `level`. positive: log-odds of amount > 0, or None
    for the constant `positive_rate`. factor: what makes the total right on later wins (Duan's smearing
    estimate, 1983, shrunk). residuals: quantiles of log(amount) - size(x) on later wins at `levels`.
    predictable: whether size(x) told later amounts apart at all.
    """

    size: AdditiveModel | None
    level: float
    positive: AdditiveModel | None
    positive_rate: float
    factor: float
    levels: Floats
    residuals: Floats
    predictable: bool

    def predict(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Expected amount if won and its 80 % interval, each (n,), for feature values (n, k)."""
        log_size = np.full(len(values), self.level) if self.size is None else self.size.margin(values)
        log_size = np.clip(log_size, -LARGEST_LOG, LARGEST_LOG)
        positive = self.paying(values)
        size = _exp(log_size)
        low, high = self._quantile(LOW, positive) * size, self._quantile(HIGH, positive) * size
        return positive * self.factor * size, low, high

    def paying(self, values: Floats) -> Floats:
        """The chance (n,) that a won deal brings money at all."""
        if self.positive is None:
            return np.full(len(values), self.positive_rate)
        return sigmoid(self.positive.margin(values))

    def _quantile(self, level: float, positive: Floats) -> Floats:
        """Quantile of amount / exp(size) for a mixture of zeros (1 - positive) and the residuals."""
        zero = 1 - positive
        inner = np.clip((level - zero) / np.maximum(positive, 1e-9), 0.0, 1.0)
        return np.where(level <= zero, 0.0, _exp(np.interp(inner, self.levels, self.residuals)))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the trees, which the bundle keeps as files of their own."""
        plain = {k: getattr(self, k) for k in ("level", "positive_rate", "factor", "predictable")}
        return {**plain, "levels": self.levels.tolist(), "residuals": self.residuals.tolist()}

    @classmethod
    def from_dict(
        cls, d: dict[str, Any], size: AdditiveModel | None, positive: AdditiveModel | None
    ) -> "AmountModel":
        d = {**d, "levels": np.array(d["levels"]), "residuals": np.array(d["residuals"])}
        return cls(size=size, positive=positive, **d)


@compiled(types.float64[::1](F64))
def _exp(values: Floats) -> Floats:
    out = np.empty(len(values))
    for i in range(len(values)):
        out[i] = math.exp(values[i])
    return out
