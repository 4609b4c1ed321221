"""What every fit of a training reads: rows, their feature values, and those of rows whose horizon is not over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.catalogue import Feature
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn
from history.arrays import Floats, Ints
from history.history import History
from history.snapshot import by_lead_id
from models.bundle import Bundle
from models.parameters import Parameters
from training.fit.additive import recency_weight
from training.rows.dataset import Rows, recent_rows, training_rows
from training.rows.time_proxies import clock_columns, stopped


@dataclass(frozen=True)
class Material:
    """Matured rows with feature values (n, k), the features, the horizon; recent: rows that are not, with values."""

    rows: Rows
    values: Floats
    features: Sequence[Feature]
    horizon_us: int
    recent: tuple[Rows, Floats] | None = None

    @property
    def won(self) -> Floats:
        return self.rows.labels.won.astype(np.float64)

    def weight(self, index: Ints, at_us: int, parameters: Parameters) -> Floats:
        """Recency weights of rows seen from an instant at which their horizon had ended."""
        age = at_us - self.horizon_us - self.rows.snapshot.as_of_us[index]
        return recency_weight(np.maximum(age, 0), self.horizon_us, parameters.half_life_horizons)


@dataclass(frozen=True)
class Taught:
    """The material of one training, its vocabulary, and the columns that it blanked because they tell the date."""

    material: Material
    vocabulary: Vocabulary
    clocks: list[int]


def teach(history: History, rows: Rows, seed: int) -> Taught:
    """The material of a history that holds only the columns to be used; rows: its training rows."""
    vocabulary, tables = learn(rows.snapshot)
    matrix = build_matrix(rows.snapshot, vocabulary, tables)
    clocks = clock_columns(matrix.values, matrix.features, rows.snapshot.as_of_us)
    recent = recent_rows(history, rows.share, seed)
    latest = build_matrix(recent.snapshot, vocabulary, tables).values
    material = Material(
        rows,
        stopped(matrix.values, clocks),
        matrix.features,
        history.config.horizon_us,
        (recent, stopped(latest, clocks)),
    )
    return Taught(material, vocabulary, clocks)


def taught(bundle: Bundle, history: History, seed: int) -> Taught:
    """Everything that the fits of the bundle read, made again from the same history and seed."""
    past = by_lead_id(read_by(bundle, history))
    return teach(past, training_rows(past, seed), seed)


def read_by(bundle: Bundle, history: History) -> History:
    """The history with the configuration the bundle was trained with, without the columns that it leaves out."""
    config = bundle.config
    kept = {name: column for name, column in history.attributes.items() if name not in config.ignore}
    return replace(history, config=config, attributes=kept)


def rows_of(bundle: Bundle, history: History, seed: int) -> Rows:
    """The training rows of the bundle; history as it was given to training, cut at its own as_of_us."""
    return training_rows(by_lead_id(read_by(bundle, history)), seed)
