"""Values of a lead column at one instant, by which reports group."""

from dataclasses import replace

import numpy as np

from features.attributes.entries import text_at
from history.base.errors import InvalidInput
from history.history import Factor, History

MAX_GROUPS = 50
OTHER = "(other)"  # all groups beyond the largest MAX_GROUPS - 1


def known_columns(history: History) -> list[str]:
    """The columns of leads, those known from attribute changes alone included, sorted."""
    return sorted({*history.attributes, *history.changes.attribute.values})


def column_values(history: History, column: str, as_of_us: int) -> Factor:
    """The value of `column` of each lead (n,) at an instant; a mutable one has today's where no change is known."""
    n = len(history)
    history = replace(history, config=replace(history.config, mutable=()))
    everyone = np.arange(n, dtype=np.int64)
    return text_at(history, column, everyone, np.full(n, as_of_us, dtype=np.int64))


def refuse_unknown_column(column: str, columns: list[str]) -> None:
    """Raises InvalidInput if leads cannot be grouped by `column`."""
    if column not in columns:
        listed = ", ".join(columns) or "no columns"
        raise InvalidInput(f"no column {column!r} to group by; available: {listed}")
