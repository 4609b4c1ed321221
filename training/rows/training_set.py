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
from training.rows.dataset import Rows, recent_rows, training_rows
from training.rows.time_proxies import masked, time_proxy_columns
from training.rows.weights import recency_weight


@dataclass(frozen=True)
class TrainingSet:
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
class PreparedData:
    """The training_set of one training, its vocabulary, and the columns that it blanked because they tell the date."""

    training_set: TrainingSet
    vocabulary: Vocabulary
    time_proxies: list[int]


def prepare(history: History, rows: Rows, seed: int) -> PreparedData:
    """The training_set of a history that holds only the columns to be used; rows: its training rows."""
    vocabulary, tables = learn(rows.snapshot)
    matrix = build_matrix(rows.snapshot, vocabulary, tables)
    time_proxies = time_proxy_columns(matrix.values, matrix.features, rows.snapshot.as_of_us)
    recent = recent_rows(history, rows.share, seed)
    latest = build_matrix(recent.snapshot, vocabulary, tables).values
    training_set = TrainingSet(
        rows,
        masked(matrix.values, time_proxies),
        matrix.features,
        history.config.horizon_us,
        (recent, masked(latest, time_proxies)),
    )
    return PreparedData(training_set, vocabulary, time_proxies)


def prepare_as_trained(bundle: Bundle, history: History, seed: int) -> PreparedData:
    """Everything that the fits of the bundle read, made again from the same history and seed."""
    past = by_lead_id(history_as_trained(bundle, history))
    return prepare(past, training_rows(past, seed), seed)


def history_as_trained(bundle: Bundle, history: History) -> History:
    """The history with the configuration the bundle was trained with, without the columns that it leaves out."""
    config = bundle.config
    kept = {name: column for name, column in history.attributes.items() if name not in config.ignore}
    return replace(history, config=config, attributes=kept)


def rows_as_trained(bundle: Bundle, history: History, seed: int) -> Rows:
    """The training rows of the bundle; history as it was given to training, cut at its own as_of_us."""
    return training_rows(by_lead_id(history_as_trained(bundle, history)), seed)
