"""A linear start plus LightGBM trees: one additive margin, for log-odds of conversion, log amounts and times alike."""

from dataclasses import dataclass

from history.arrays import Floats
from models.linear import LinearModel, row_sums
from models.trees.ensemble import Trees


@dataclass(frozen=True)
class AdditiveModel:
    """intercept + share * linear effects + trees; trees may be missing."""

    linear: LinearModel
    share: float
    trees: Trees | None

    def margin(self, values: Floats) -> Floats:
        """(n,) for feature values (n, k); bitwise the same for a row alone and in a batch."""
        start = self.linear.intercept + self.share * row_sums(self.linear.contributions(values))
        if self.trees is None:
            return start
        return start + self.trees.predict(values)

    def contributions(self, values: Floats) -> tuple[Floats, float]:
        """Additive parts (n, k) of the margin and their common base: margin = base + sum of a row's parts.

        Trees: exact Shapley values (Lundberg et al. 2020), those of LightGBM's pred_contrib.
        """
        parts = self.share * self.linear.contributions(values)
        if self.trees is None:
            return parts, self.linear.intercept
        return parts + self.trees.contributions(values), self.linear.intercept + self.trees.expected
