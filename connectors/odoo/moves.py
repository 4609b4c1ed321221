"""Moves of leads between stages: from tracked changes of the stage and of `active`, else since the last update."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from connectors.deals import NO_TIME, WON, Moves
from connectors.odoo.crm import UNQUALIFIED, Crm
from connectors.odoo.fields import ACTIVE, STAGE
from connectors.odoo.relations import Text
from connectors.odoo.stage_table import StageTable, changed_label
from connectors.odoo.stages import ARCHIVED, LEAD_STAGE, Stages
from connectors.odoo.tracking import Change


class _Move(NamedTuple):
    lead: int
    us: int
    label: str


@dataclass(frozen=True)
class _Life:
    """A lead's known life: from start_us on in a stage, until converted_us (NO_TIME: at once) unqualified."""

    lead: int
    start_us: int
    converted_us: int
    label: Text
    changes: Sequence[Change]


def read_moves(
    crm: Crm, stages: Stages, table: StageTable, present: Sequence[Text], changes: Sequence[Change]
) -> Moves:
    """The stage of each lead at its creation, and each move since; a lead is lost from its archiving on."""
    won = {label for label, state in zip(stages.labels, stages.states.tolist(), strict=True) if state == WON}
    lives = _lives(crm, table, present, changes)
    moves = [move for life in lives for move in _last_of_instant(_moves(life, table, won)) if move.label]
    return Moves(
        np.array([move.lead for move in moves], dtype=np.int64),
        np.array([move.us for move in moves], dtype=np.int64),
        stages.codes([move.label for move in moves]),
        np.full(len(moves), np.nan),
        np.arange(len(moves), dtype=np.int64),
        stages.labels,
        stages.states,
    )


def _lives(
    crm: Crm, table: StageTable, present: Sequence[Text], changes: Sequence[Change]
) -> Iterator[_Life]:
    """The life of each lead whose stage is known at some time.

    Without a change of its stage a lead has been in its present stage since the last update of the stage; where that
    is not given and other leads have changes, since its creation.
    """
    of_lead = {lead: list(rows) for lead, rows in groupby(changes, key=attrgetter("lead"))}
    updated = crm.export.times(crm.leads, "date_last_stage_update")
    is_lead = crm.export.options.object == UNQUALIFIED
    for lead, label in enumerate(present):
        rows = of_lead.get(lead, [])
        moved = next((change for change in rows if change.field == STAGE), None)
        created = start = int(crm.created_us[lead])
        converted = int(crm.converted_us[lead]) if is_lead else NO_TIME
        if moved is not None:
            label = changed_label(table, moved.old_id, moved.old)
        elif updated.known[lead]:
            start = max(int(updated.us[lead]), created)
        elif not changes:
            continue
        yield _Life(lead, created if converted != NO_TIME else start, converted, label, rows)


def _last_of_instant(moves: Iterator[_Move]) -> Iterator[_Move]:
    """The last of several moves of one instant: a lead that is restored into another stage enters that one only."""
    before: _Move | None = None
    for move in moves:
        if before is not None and before.us != move.us:
            yield before
        before = move
    if before is not None:
        yield before


def _moves(life: _Life, table: StageTable, won: set[str]) -> Iterator[_Move]:
    """The moves of one lead; changes before its start only tell the stage in which it starts."""
    label, archived, begun = life.label, False, False
    if life.converted_us != NO_TIME:
        yield _Move(life.lead, life.start_us, LEAD_STAGE)
    start = max(life.start_us, life.converted_us)
    for change in life.changes:
        if not begun and change.us >= start:
            begun = True
            yield _Move(life.lead, start, label or "")
        if change.field == STAGE:
            label = changed_label(table, change.new_id, change.new)
            archived = archived and label not in won
            if begun and not archived:
                yield _Move(life.lead, change.us, label or "")
        elif change.field == ACTIVE and label not in won:
            was, archived = archived, change.new == "false"
            if begun and was != archived:
                yield _Move(life.lead, change.us, ARCHIVED if archived else label or "")
    if not begun:
        yield _Move(life.lead, start, label or "")
