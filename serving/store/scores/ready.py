"""A stored lead ready for a score at any instant: its rows as arrays, its texts looked up, and what could be done.

All of it holds until the lead has another row, or until a row that is known later becomes visible.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from features.interactions.rows import Touch, Touches, Walks
from features.matrix import PreparedHistory, build_matrix
from features.vocabulary import Vocabulary
from history.base.arrays import Floats, Ints
from history.history import OUTBOUND, History
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scorer import Part
from serving.store import schema as db
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRows
from serving.store.scores.acts import Acts, acts_of
from serving.store.scores.what_if import with_changes

# Measured: the objects of a lead, and a row of the arrays.
OBJECT_BYTES: Final = 12_288
ROW_BYTES: Final = 33
INTERACTIONS: Final = db.interactions.name
_FIRST: Ints = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class ReadyLead:
    """One lead as visible at history.as_of_us, for the instants from then on at which it has the same rows."""

    history: History
    vocabulary: Vocabulary
    acts: Acts

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return OBJECT_BYTES + ROW_BYTES * len(self.history.interactions.time_us)

    def part(self, as_of_us: int, has_advice: bool = True) -> Part:
        """The lead at an instant, with room for its walks if acts are to be tried."""
        prepared = self._prepared
        walks = prepared.room_for_walks() if has_advice and self.acts.touches else None
        return Part(self._at(as_of_us), prepared, walks)

    def write_varied(self, out: Floats, of_lead: Floats, as_of_us: int, walks: Walks | None) -> None:
        """Fills `out` (acts, k) with the features of the lead at an instant after each of the acts alone.

        of_lead (k,) and walks: those of the lead at this instant, as the scorer wrote them.
        """
        if self.acts.attributes or self._prepared.reads_times:
            out[:] = build_matrix(self._changed(as_of_us), self.vocabulary).values
        else:
            out[:] = of_lead
            self._prepared.write_touched(out, self._at(as_of_us), walks, self._touches)

    def _at(self, as_of_us: int) -> Snapshot:
        return Snapshot(self.history, _FIRST, np.array([as_of_us], dtype=np.int64))

    @cached_property
    def _prepared(self) -> PreparedHistory:
        return PreparedHistory(self.history, self.vocabulary)

    @cached_property
    def _touches(self) -> Touches | None:
        touches = (Touch(touch.kind, touch.channel, OUTBOUND, touch.value) for touch in self.acts.touches)
        return self._prepared.touches_after(tuple(touches))

    def _changed(self, as_of_us: int) -> Snapshot:
        """The lead after each of the acts as whole histories, of which other blocks of features read the rows, too."""
        changes = self.acts.changes(as_of_us)
        history = with_changes(replace(self.history, as_of_us=as_of_us), [0] * len(changes), changes)
        leads = np.arange(len(changes), dtype=np.int64)
        return Snapshot(history, leads, np.full(len(changes), as_of_us, dtype=np.int64))


def ready_lead(bundle: Bundle, rows: LeadRows, as_of_us: int) -> ReadyLead:
    """The one lead in `rows`, by its rows that are visible at as_of_us."""
    *columns, _ids = rows.tables[INTERACTIONS]
    without_ids = {**rows.tables, INTERACTIONS: [*columns, ()]}  # half of a kept lead's memory
    history = history_of(replace(rows, tables=without_ids), bundle.config, as_of_us)
    return ReadyLead(history, bundle.vocabulary, acts_of(bundle, rows, as_of_us))
