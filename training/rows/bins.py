"""Feature values in LightGBM's bins, found once for all fits of a training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from features.catalogue import Feature
from history.base.arrays import Floats, Ints, Mask
from models.figures.parameters import BINNING


@dataclass(frozen=True)
class BinnedRows:
    """Rows among those whose bins are known; place (n,): their positions."""

    bins: lgb.Dataset
    place: Ints

    def take(self, index: Mask | Ints) -> "BinnedRows":
        """The rows at `index`."""
        return BinnedRows(self.bins, self.place[index])

    def dataset(
        self, target: Floats, weight: Floats, start: Floats | None, options: dict[str, Any]
    ) -> lgb.Dataset:
        """The rows with target, weight and start (n,) each, as LightGBM fits them, in the order of their positions.

        start: None for LightGBM's own, the base rate.
        """
        order = np.argsort(self.place, kind="stable")
        rows = self.bins.subset(self.place[order].tolist(), params=options).construct()
        rows.set_label(target[order])
        rows.set_weight(weight[order])
        if start is not None:
            rows.set_init_score(start[order])
        return rows

    def with_more(self, place: Ints) -> "BinnedRows":
        """These rows, then those at more positions among the same bins."""
        return BinnedRows(self.bins, np.concatenate([self.place, place]))


def find_bins(values: Floats | list[Floats], features: Sequence[Feature]) -> lgb.Dataset:
    """The bins of feature values (n, k), or of several such arrays, one after the other."""
    n = sum(map(len, values)) if isinstance(values, list) else len(values)
    return lightgbm_dataset(values, features, np.zeros(n), BINNING).construct()


def lightgbm_dataset(
    values: Floats | list[Floats], features: Sequence[Feature], target: Floats, options: dict[str, Any]
) -> lgb.Dataset:
    """Feature values (n, k) and targets (n,) as LightGBM reads them."""
    return lgb.Dataset(
        values,
        target,
        params=dict(options),
        feature_name=[feature.name for feature in features],
        categorical_feature=[j for j, feature in enumerate(features) if feature.kind == "category"],
    )
