"""A linear start plus LightGBM trees: one additive margin, for log-odds of conversion, log amounts and times
alike.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from models.linear import LinearModel, row_sums

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AdditiveModel:
    """intercept + share * linear effects + trees; trees may be missing."""

    linear: LinearModel
    share: float
    trees: lgb.Booster | None

    def margin(self, values: Floats) -> Floats:
        """(n,) for feature values (n, k); bitwise the same for a row alone and in a batch."""
        start = self.linear.intercept + self.share * row_sums(self.linear.contributions(values))
        if self.trees is None:
            return start
        return start + np.asarray(self.trees.predict(values, raw_score=True, num_threads=1), dtype=np.float64)

    def contributions(self, values: Floats) -> tuple[Floats, float]:
        """Additive parts (n, k) of the margin and their common base: margin = base + sum of a row's parts.

        Trees: exact Shapley values for trees (Lundberg et al. 2020), LightGBM's pred_contrib.
        """
        parts = self.share * self.linear.contributions(values)
        base = self.linear.intercept
        if self.trees is None:
            return parts, base
        shap = np.asarray(self.trees.predict(values, pred_contrib=True, num_threads=1), dtype=np.float64)
        return parts + shap[:, :-1], base + float(shap[0, -1])
