"""Leads in one view of the store, and the new scores that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection

from history.config.config import FunnelConfig
from history.history import History
from history.snapshot import Snapshot
from models.bundle import Bundle
from serving.store.config import stored_display
from serving.store.corrections import last_corrections
from serving.store.database.transaction import read_setting
from serving.store.leads.account_mates import mates_of
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import LeadRow, LeadRows, rows_of
from serving.store.leads.leads import current_attributes, seen_lead
from serving.store.leads.packed_rows import PackedLead, lagging_leads
from serving.store.scores.causes import Move, Score, causes_of, has_moved
from serving.store.scores.facts import facts_of
from serving.store.scores.saved import (
    NewScore,
    ScoredLead,
    StoredScore,
    score_row,
    stored_scores,
    with_history,
)

STORED_REASONS = 3


@dataclass(frozen=True)
class LeadView:
    """Leads with their rows and stored scores in one view of the store; through_row is its last fact row.

    The first `count` leads of rows are those asked for, the others share their accounts. corrected maps a lead_no to
    the row_no of its last correction; display is `[display]` of the folder loaded last.
    """

    rows: LeadRows
    count: int
    stored: dict[int, StoredScore]
    through_row: int
    corrected: dict[int, int]
    display: Mapping[str, Any]
    lagging: Sequence[PackedLead] = ()
    _histories: list[History] = field(default_factory=list, init=False, compare=False, repr=False)

    def history(self, config: FunnelConfig, as_of_us: int) -> History:
        """The rows as a History; the last one is kept."""
        if not self._histories or (self._histories[0].config, self._histories[0].as_of_us) != (
            config,
            as_of_us,
        ):
            self._histories[:] = [history_of(self.rows, config, as_of_us)]
        return self._histories[0]


def view_leads(connection: Connection, leads: Sequence[LeadRow], bundle: Bundle) -> LeadView:
    """Reads the rows and scores of these leads, and the rows of other leads that the model's features need."""
    rows = rows_of(connection, [*leads, *mates_of(connection, bundle, leads)], with_ids=False)
    through_row = int(read_setting(connection, "row_no") or 1) - 1
    numbers = [lead.lead_no for lead in leads]
    stored, corrected = stored_scores(connection, numbers), last_corrections(connection, numbers)
    lagging = lagging_leads(connection, rows, leads, corrected)
    return LeadView(rows, len(leads), stored, through_row, corrected, stored_display(connection), lagging)


def score_view(
    bundle: Bundle, view: LeadView, positions: Sequence[int], as_of_us: int, score: Score
) -> list[NewScore]:
    """The scores of these leads at as_of_us; those that moved get a history entry.

    A lead that is created a little later than as_of_us is scored at its creation.
    """
    if not len(positions):
        return []
    leads = [view.rows.leads[position] for position in positions]
    times_us = np.array([max(as_of_us, lead.created_us) for lead in leads], dtype=np.int64)
    history = view.history(bundle.config, int(times_us.max()))
    snapshot = Snapshot(history, np.array(positions, dtype=np.int64), times_us)
    records = score(bundle, snapshot, STORED_REASONS).records()
    attributes = current_attributes(view.rows, as_of_us)
    stored = [view.stored.get(lead.lead_no) for lead in leads]
    corrected = [view.corrected.get(lead.lead_no, 0) for lead in leads]
    moves = _moves(positions, records, stored, corrected, bundle.version)
    causes = causes_of(bundle, view.rows, moves, as_of_us, score)
    causes_at = {move.position: of_move for move, of_move in zip(moves, causes, strict=True)}
    scores = []
    facts = facts_of(bundle, history, positions)
    display, searched = view.display or bundle.config.display, _searched(bundle)
    for position, lead, record, before in zip(positions, leads, records, stored, strict=True):
        current = attributes[position]
        seen = seen_lead(display, lead.lead_id, current)
        scored = ScoredLead(lead, current, record, seen, facts.get(position), searched)
        row = score_row(scored, as_of_us, view.through_row)
        scores.append(with_history(row, before, causes_at.get(position)))
    return scores


def _searched(bundle: Bundle) -> Sequence[str]:
    """The attributes that identify a lead: they are searched, never learned."""
    return tuple(dict.fromkeys(("account_id", *bundle.config.identity, *bundle.vocabulary.identity)))


def _moves(
    positions: Sequence[int],
    records: Sequence[dict[str, Any]],
    stored: Sequence[StoredScore | None],
    corrected: Sequence[int],
    model_version: str,
) -> list[Move]:
    """The leads whose score moved enough for a history entry; corrected: the row_no of a last correction, or 0."""
    moves = []
    for position, record, score, row_no in zip(positions, records, stored, corrected, strict=True):
        before = None if score is None else score.last_entry
        if has_moved(before, record["probability"], record["status"], model_version):
            is_corrected = before is not None and row_no > before.through_row
            moves.append(Move(position, record["probability"], before, is_corrected))
    return moves
