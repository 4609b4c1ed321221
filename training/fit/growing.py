"""Trees that grow beside the rows that evaluate them: one fit tells the loss at every number of rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np

from features.feature import Feature
from history.base.arrays import Floats
from models.figures.additive import AdditiveModel
from models.trees.ensemble import trees_from_text
from training.fit.additive import FitSettings, WeightedRows, conversion_options, fit_linear, lightgbm_rows


@dataclass(frozen=True)
class BoostedRows:
    """The rows on which all trees of one split grow: in LightGBM's bins, with one linear start.

    linear: the linear start alone. values (m, k): of the evaluated rows; start (m,): their margin without trees.
    """

    data: lgb.Dataset
    features: Sequence[Feature]
    linear: AdditiveModel
    values: Floats
    start: Floats


def boosted_rows(rows: WeightedRows, values: Floats, settings: FitSettings) -> BoostedRows:
    """`rows` with their linear start, for trees that are evaluated at feature values (m, k)."""
    parameters = settings.parameters
    share = parameters.linear_share
    linear, effects = fit_linear(rows)
    options = conversion_options(settings, rows.features)
    # Constructed here, in the caller's thread: boosters that share it find the bins ready.
    data = lightgbm_rows(rows, linear.intercept + share * effects, options)
    alone = AdditiveModel(linear, share, None)
    return BoostedRows(data.construct(), rows.features, alone, values, alone.margin(values))


class GrowingTrees:
    """Trees of one kind; margin (m,): of the evaluated rows, by the trees grown so far."""

    def __init__(self, rows: BoostedRows, settings: FitSettings) -> None:
        self._rows = rows
        self._booster = lgb.Booster(conversion_options(settings, rows.features), rows.data)
        self.rounds = 0
        self.margin = rows.start

    def grow_to(self, rounds: int) -> Floats:
        """Grows up to so many rounds, and returns the new margin."""
        first, more = self.rounds, rounds - self.rounds
        # LightGBM's verbosity is that of the thread: without this it would write warnings to stdout from a new one.
        self._added(self._rows.values[:1], first, more)
        for _ in range(more):
            self._booster.update()
        self.rounds, self.margin = rounds, self.margin + self._added(self._rows.values, first, more)
        return self.margin

    def model(self, rounds: int) -> AdditiveModel:
        """The model of the first `rounds` trees; no more than have grown."""
        text = self._booster.model_to_string(num_iteration=rounds)
        return replace(self._rows.linear, trees=trees_from_text(text))

    def _added(self, values: Floats, first: int, rounds: int) -> Floats:
        """The margin (m,) of so many trees from the first on."""
        added = self._booster.predict(
            values, start_iteration=first, num_iteration=rounds, raw_score=True, num_threads=1, verbosity=-1
        )
        return np.asarray(added, dtype=np.float64)
