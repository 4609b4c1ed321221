"""The training set: matured snapshots with feature values, and the censored snapshots of the last horizon."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from features.by_parts import matrix_on
from features.catalogue import Feature
from features.vocabulary import Vocabulary, learn
from history.base.arrays import Floats, Ints
from history.base.engine import Engine
from history.history import History
from models.figures.parameters import Parameters
from training.rows.bins import BinnedRows, find_bins
from training.rows.dataset import Rows, recent_rows
from training.rows.time_proxies import masked, time_proxy_columns
from training.rows.weights import recency_weight


@dataclass(frozen=True)
class RecentRows:
    """Rows of the last horizon, their labels as known at T, with feature values (m, k)."""

    rows: Rows
    values: Floats


@dataclass(frozen=True)
class TrainingSet:
    """Matured rows with feature values (n, k) of k features; recent: rows whose horizon is not over at T, or None."""

    rows: Rows
    values: Floats
    features: Sequence[Feature]
    horizon_us: int
    recent: RecentRows | None = None

    @property
    def as_of_us(self) -> int:
        """T: the instant up to which the history is known."""
        return self.rows.snapshot.history.as_of_us

    @property
    def won(self) -> Floats:
        """1 for a win within the horizon, else 0 (n,)."""
        return self.rows.labels.won.astype(np.float64)

    @cached_property
    def binned(self) -> BinnedRows:
        """The matured rows, then the recent ones, in bins that all fits share.

        Bins know of values at later times than a fit at a past instant does, and of no outcome.
        """
        values = [self.values] if self.recent is None else [self.values, self.recent.values]
        rows = np.arange(sum(map(len, values)))
        return BinnedRows(find_bins(values, self.features), rows)

    def find_bins(self) -> None:
        """Finds the bins now, for all threads."""
        _ = self.binned

    def weight(self, index: Ints, at_us: int, parameters: Parameters) -> Floats:
        """Recency weights of the rows at `index`, by their age since the last instant matured at at_us."""
        age_us = at_us - self.horizon_us - self.rows.snapshot.as_of_us[index]
        return recency_weight(np.maximum(age_us, 0), self.horizon_us, parameters.half_life_horizons)


@dataclass(frozen=True)
class PreparedData:
    """A training set, the vocabulary learned from it, and the columns masked as time proxies.

    engine: who computed the features, and computes further ones; None for this process.
    """

    training_set: TrainingSet
    vocabulary: Vocabulary
    time_proxies: list[int]
    engine: Engine | None = field(default=None, repr=False, compare=False)

    @property
    def time_proxy_names(self) -> list[str]:
        """Names of the masked features."""
        return [self.training_set.features[j].name for j in self.time_proxies]


def prepare(history: History, rows: Rows, seed: int, engine: Engine | None = None) -> PreparedData:
    """The training set of a history without the columns to leave out; rows: its training rows.

    What features learn, they learn here from all rows; an engine computes their values.
    """
    vocabulary, tables = learn(rows.snapshot)
    matrix = matrix_on(engine, rows.snapshot, vocabulary, tables)
    time_proxies = time_proxy_columns(matrix.values, matrix.features, rows.snapshot.as_of_us)

    recent = recent_rows(history, rows, seed)
    recent_values = matrix_on(engine, recent.snapshot, vocabulary, tables).values
    training_set = TrainingSet(
        rows=rows,
        values=masked(matrix.values, time_proxies),
        features=matrix.features,
        horizon_us=history.config.horizon_us,
        recent=RecentRows(recent, masked(recent_values, time_proxies)),
    )
    return PreparedData(training_set, vocabulary, time_proxies, engine)
