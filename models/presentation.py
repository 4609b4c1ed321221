"""Scores as people read them: with names, best first, with further columns of the leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.attributes.entries import text_at
from history.arrays import Ints
from history.display import LEAD_ID, display_of
from history.snapshot import Snapshot
from models.scores import Scores

Texts = Sequence[str | None]


@dataclass(frozen=True)
class Presented:
    """Scores by rank, and further columns of their leads in the same order, each (n,)."""

    scores: Scores
    columns: Mapping[str, Texts]


def present(scores: Scores, snapshot: Snapshot, columns: Sequence[str] = ()) -> Presented:
    """The scores of the snapshot's rows with names and ranks, sorted by rank; columns: attributes to add."""
    texts = _Texts(snapshot)
    names = _names(texts)
    order = _best_first(scores)
    ranks = np.arange(1, len(scores) + 1)
    ranked = replace(replace(scores, name=names).take(order), rank=ranks.tolist())
    further = {column: texts.of(column) for column in columns}
    return Presented(ranked, {name: [of[i] for i in order.tolist()] for name, of in further.items()})


class _Texts:
    """Attributes of the snapshot's rows as texts, each read once, and how people see the leads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._columns: dict[str, Texts] = {}
        history = snapshot.history
        self.display = display_of(history.config.display, tuple(history.attributes))

    def __len__(self) -> int:
        return len(self._snapshot)

    def of(self, column: str) -> Texts:
        """The column (n,) as valid at each row's instant; LEAD_ID is the leads' ids."""
        if column not in self._columns:
            self._columns[column] = self._read(column)
        return self._columns[column]

    def _read(self, column: str) -> Texts:
        rows = self._snapshot
        if column == LEAD_ID:
            return [rows.history.lead_ids[i] for i in rows.lead.tolist()]
        if not len(rows):
            return []
        factor = text_at(rows.history, column, rows.lead, rows.as_of_us)
        return [factor.text(i) for i in range(len(rows))]


def lead_names(snapshot: Snapshot) -> Texts:
    """The name (n,) of each row's lead, None if no column gives one."""
    return _names(_Texts(snapshot))


def _names(texts: _Texts) -> Texts:
    names = texts.display.name_columns
    if not names:
        return [None] * len(texts)
    rows = zip(*(texts.of(column) for column in names), strict=True)
    return [texts.display.name_of(dict(zip(names, row, strict=True)).get) for row in rows]


def _best_first(scores: Scores) -> Ints:
    """Positions (n,) by expected revenue, or by probability if no amount is known; ties by probability, then as is."""
    revenue = scores.expected_revenue
    value = scores.probability if np.isnan(revenue).all() else np.nan_to_num(revenue, nan=-1.0)
    return np.lexsort((-scores.probability, -value))
