"""The rows that a training saw, once more: what baselines are fitted on and what the gate judges."""

from dataclasses import dataclass, replace

from features.event_log import History
from features.matrix import build_matrix
from features.vocabulary import learn
from models.bundle import Bundle
from training.clocks import clock_columns, stopped
from training.dataset import Rows, training_rows
from training.replay import Material


@dataclass(frozen=True)
class Taught:
    """The material of one training and the columns that it blanked because they tell the date."""

    material: Material
    clocks: list[int]


def read_by(bundle: Bundle, history: History) -> History:
    """The history with the configuration the bundle was trained with, without the columns that it leaves out."""
    config = bundle.config
    kept = {name: column for name, column in history.attributes.items() if name not in config.ignore}
    return replace(history, config=config, attributes=kept)


def rows_of(bundle: Bundle, history: History, seed: int) -> Rows:
    """The training rows of the bundle; history as it was given to training, cut at its own as_of_us."""
    return training_rows(read_by(bundle, history), seed)


def taught(bundle: Bundle, history: History, seed: int) -> Taught:
    """Everything that the fits of the bundle read, made again from the same history and seed."""
    return teach(read_by(bundle, history), seed)


def teach(history: History, seed: int) -> Taught:
    """The material that a history teaches, which holds only the columns to be used, as training makes it."""
    rows = training_rows(history, seed)
    vocabulary, tables = learn(rows.snapshot)
    matrix = build_matrix(rows.snapshot, vocabulary, tables)
    clocks = clock_columns(matrix.values, matrix.features, rows.snapshot.as_of_us)
    return Taught(
        Material(rows, stopped(matrix.values, clocks), matrix.features, history.config.horizon_us), clocks
    )
