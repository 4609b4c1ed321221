"""The data of a bundle's training once more, from the history that it was trained on."""

from dataclasses import replace

from history.base.engine import Engine
from history.history import History
from history.lead_order import by_creation
from models.bundle import Bundle
from training.rows.combinations import with_combinations
from training.rows.dataset import Rows, training_rows
from training.rows.training_set import PreparedData, prepare


def prepare_as_trained(
    bundle: Bundle, history: History, seed: int, engine: Engine | None = None
) -> PreparedData:
    """The data that a bundle was trained on, from the same history and seed."""
    past = history_as_trained(bundle, by_creation(history))
    prepared = prepare(past, training_rows(past, seed), seed, engine)
    return with_combinations(prepared, bundle.vocabulary.combinations.names)


def history_as_trained(bundle: Bundle, history: History) -> History:
    """The history under the bundle's configuration, without the attributes that its training left out."""
    config = bundle.config
    attributes = {name: column for name, column in history.attributes.items() if name not in config.ignore}
    return replace(history, config=config, attributes=attributes)


def rows_as_trained(bundle: Bundle, history: History, seed: int) -> Rows:
    """The training rows of a bundle, from the history it was trained on, cut at the same T, and the same seed."""
    return training_rows(history_as_trained(bundle, by_creation(history)), seed)
