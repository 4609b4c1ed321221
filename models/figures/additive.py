"""A linear start plus LightGBM trees: one additive margin, for log-odds of conversion, log amounts and times alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats
from models.figures.linear import LinearModel, LinearStack, constant_model, linear_stack
from models.trees.ensemble import Trees, TreeStack, tree_stack


class Contributions(NamedTuple):
    """Additive parts (n, k) of n margins, and their common base: margin = base + sum of a row's parts."""

    parts: Floats
    base: float


@dataclass(frozen=True)
class AdditiveModel:
    """intercept + share * linear effects + trees; trees may be missing.

    Trees boost a part of the linear margin, 0.8 for conversion (docs/decisions/0088).
    """

    linear: LinearModel
    share: float
    trees: Trees | None

    def margin(self, values: Floats) -> Floats:
        """(n,) for feature values (n, k); bitwise the same for a row alone and in a batch."""
        margins: Floats = self._alone.margins(values)[0]
        return margins

    @cached_property
    def _alone(self) -> "AdditiveStack":
        return AdditiveStack(linear_stack([self.linear], [self.share]), tree_stack([self.trees]))

    def contributions(self, values: Floats) -> Contributions:
        """The parts of the margins of feature values (n, k).

        Trees: exact Shapley values (Lundberg et al. 2020), those of LightGBM's pred_contrib.
        """
        parts = self.linear.contributions(values)
        parts *= self.share
        if self.trees is None:
            return Contributions(parts, self.linear.intercept)
        parts += self.trees.contributions(values)
        return Contributions(parts, self.linear.intercept + self.trees.expected)


@dataclass(frozen=True, eq=False)
class AdditiveStack:
    """Additive models (m,) over the same columns, evaluated together."""

    linear: LinearStack
    trees: TreeStack

    def margins(self, values: Floats) -> Floats:
        """(m, n) for feature values (n, k); to the last bit what each model gives alone."""
        out = np.empty((len(self.linear.intercept), len(values)))
        self.linear.margins(values, out)
        self.trees.add_leaves(values, out)
        return out


def additive_stack(models: Sequence[AdditiveModel | float], columns: int) -> AdditiveStack:
    """The models over so many columns as one; a number is a model with that margin for all values."""
    linear = [
        model.linear if isinstance(model, AdditiveModel) else constant_model(model, columns)
        for model in models
    ]
    shares = [model.share if isinstance(model, AdditiveModel) else 1.0 for model in models]
    trees = [model.trees if isinstance(model, AdditiveModel) else None for model in models]
    return AdditiveStack(linear_stack(linear, shares), tree_stack(trees))
