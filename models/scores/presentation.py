"""Scores as people read them: with names, best first, with further columns of the leads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.attributes.entries import text_at, written_at
from history.base.arrays import Floats, Ints
from history.config.display import LEAD_ID, display_of
from history.history import Factor, History
from history.snapshot import Snapshot
from history.text.folding import trimmed
from models.scores.scores import Scores

Texts = Sequence[str | None]
ReadTexts = Callable[[History, str, Ints, Ints], Factor]


@dataclass(frozen=True)
class Presented:
    """Scores by rank, and further columns of their leads in the same order, each (n,)."""

    scores: Scores
    columns: Mapping[str, Texts]


def present(scores: Scores, snapshot: Snapshot, columns: Sequence[str] = ()) -> Presented:
    """The scores of the snapshot's rows with names and ranks, sorted by rank; columns: attributes to add."""
    order = best_first(scores.probability, scores.expected_revenue)
    ranks = np.arange(1, len(scores) + 1)
    ranked = replace(replace(scores, name=lead_names(snapshot)).take(order), rank=ranks.tolist())
    further = {column: _column(snapshot, column, text_at) for column in columns}
    return Presented(ranked, {name: [of[i] for i in order.tolist()] for name, of in further.items()})


def lead_names(snapshot: Snapshot) -> Texts:
    """The name (n,) of each row's lead, None if no column gives one; it does not depend on other leads' spelling."""
    history = snapshot.history
    display = display_of(history.config.display, tuple(history.attributes))
    columns = display.name_columns
    if not columns or not len(snapshot):
        return [None] * len(snapshot)
    rows = zip(*(_column(snapshot, column, written_at) for column in columns), strict=True)
    return [display.name_of(dict(zip(columns, row, strict=True)).get) for row in rows]


def _column(snapshot: Snapshot, column: str, read: ReadTexts) -> Texts:
    """The column (n,) of the leads as valid at each row's instant; LEAD_ID is the leads' ids."""
    if column == LEAD_ID:
        return [snapshot.history.lead_ids[i] for i in snapshot.lead.tolist()]
    if not len(snapshot):
        return []
    factor = read(snapshot.history, column, snapshot.lead, snapshot.as_of_us)
    values = [trimmed(text) for text in factor.values]
    return [None if code < 0 else values[code] for code in factor.codes.tolist()]


def written_texts(snapshot: Snapshot, column: str) -> Texts:
    """A column (n,) of the leads as valid at each row's instant, as the data wrote it."""
    if not len(snapshot):
        return []
    factor = written_at(snapshot.history, column, snapshot.lead, snapshot.as_of_us)
    return [None if code < 0 else factor.values[code] for code in factor.codes.tolist()]


def best_first(probability: Floats, revenue: Floats) -> Ints:
    """Positions (n,) by expected revenue, or by probability if no amount is known; ties by probability, then as is."""
    value = probability if np.isnan(revenue).all() else np.nan_to_num(revenue, nan=-1.0)
    return np.lexsort((-probability, -value))
