"""A stored lead ready for a score at any instant: its rows as arrays, its texts looked up, and what could be done.

All of it holds until the lead has another row, or until a row that is known later becomes visible.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from features.interactions.interactions import InteractionInputs
from features.matrix import PreparedHistory, Touched
from features.vocabulary import Vocabulary
from history.base.arrays import Ints
from history.history import History, Interactions
from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scorer import Part
from serving.store.history import history_of
from serving.store.lead_rows import LeadRows
from serving.store.scores.acts import Acts, acts_of
from serving.store.scores.what_if import each_touch, with_changes

# Measured: the objects of a lead and of its variants, and a row of the arrays.
OBJECT_BYTES: Final = 12_288
VARIANT_BYTES: Final = 4_096
ROW_BYTES: Final = 33
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
        variants = len(self.acts.touches) if "_touched" in self.__dict__ else 0  # made by the first advice
        rows = len(self.history.interactions.time_us) * (1 + variants)
        return OBJECT_BYTES + (VARIANT_BYTES if variants else 0) + ROW_BYTES * rows

    def part(self, as_of_us: int) -> Part:
        """The lead at an instant."""
        return Part(Snapshot(self.history, _FIRST, np.array([as_of_us], dtype=np.int64)), self._prepared)

    def varied(self, as_of_us: int) -> Part:
        """The lead at an instant after each of the acts, of which there is at least one."""
        if self.acts.attributes or self._prepared.reads_times:
            return self._changed(as_of_us)
        made = self._touched
        log = _moved(made.log, made.added, as_of_us)
        count = len(made.added)
        times_us = np.full(count, as_of_us, dtype=np.int64)
        created_us = np.repeat(self.history.created_us, count)
        touched = Snapshot(
            replace(self.history, created_us=created_us, interactions=log), np.arange(count), times_us
        )
        as_it_is = Snapshot(self.history, np.zeros(count, dtype=np.int64), times_us)
        return Part(as_it_is, self._prepared, Touched(touched, made.words))

    @cached_property
    def _prepared(self) -> PreparedHistory:
        return PreparedHistory(self.history, self.vocabulary)

    @cached_property
    def _touched(self) -> "_Touches":
        acts = self.acts.at(self.history.as_of_us)
        log = each_touch(
            self.history.interactions, [row for act in acts for row in act.change.rows["interactions"]]
        )
        return _Touches(log, log.offsets[1:] - 1, self._prepared.words_of(log))

    def _changed(self, as_of_us: int) -> Part:
        """`varied` with whole histories, of which other blocks of features read the rows, too."""
        changes = [act.change for act in self.acts.at(as_of_us)]
        history = with_changes(replace(self.history, as_of_us=as_of_us), [0] * len(changes), changes)
        leads = np.arange(len(changes), dtype=np.int64)
        return Part(Snapshot(history, leads, np.full(len(changes), as_of_us, dtype=np.int64)))


class _Touches(NamedTuple):
    """The lead's interactions after each of its acts, the row (acts,) that each added, and their kinds and channels."""

    log: Interactions
    added: Ints
    words: InteractionInputs | None


def ready_lead(bundle: Bundle, rows: LeadRows, as_of_us: int) -> ReadyLead:
    """The one lead in `rows`, by its rows that are visible at as_of_us."""
    history = history_of(rows, bundle.config, as_of_us)
    history = replace(
        history, interactions=replace(history.interactions, ids=None)
    )  # half of a kept lead's memory
    return ReadyLead(history, bundle.vocabulary, acts_of(bundle, rows, as_of_us))


def _moved(log: Interactions, rows: Ints, us: int) -> Interactions:
    """The log with some of its rows at another instant, at which they are known."""
    time_us, known_us = log.time_us.copy(), log.known_us.copy()
    time_us[rows] = known_us[rows] = us
    return replace(log, time_us=time_us, known_us=known_us)
