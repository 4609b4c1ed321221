"""Moves of leads between stages: from tracked changes of the stage and of `active`, else since the last update."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from connectors.deals.deals import LOST, NO_TIME, OPEN, Moves
from connectors.deals.paths import Labels, Life, Turn, path_moves
from connectors.odoo.changes.fields import ACTIVE, STAGE
from connectors.odoo.changes.tracking import Change
from connectors.odoo.crm import UNQUALIFIED, Crm
from connectors.odoo.relations import Text
from connectors.odoo.stage_table import StageTable, changed_label
from connectors.odoo.stages.stages import ARCHIVED, LEAD_STAGE, Stages


def read_moves(
    crm: Crm, stages: Stages, table: StageTable, present: Sequence[Text], changes: Sequence[Change]
) -> Moves:
    """The stage of each lead at its creation, and each move since; a lead is lost from its archiving on."""
    labels = Labels(stages.labels, stages.states, {LOST: ARCHIVED})
    return path_moves(_lives(crm, table, present, changes), labels)


def _lives(crm: Crm, table: StageTable, present: Sequence[Text], changes: Sequence[Change]) -> Iterator[Life]:
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
        before = Turn(created, LEAD_STAGE) if converted != NO_TIME else None
        yield Life(lead, max(start, converted), label, _turns(rows, table), before, of_today=not changes)


def _turns(changes: Sequence[Change], table: StageTable) -> list[Turn]:
    turns = []
    for change in changes:
        if change.field == STAGE:
            turns.append(Turn(change.us, stage=changed_label(table, change.new_id, change.new)))
        elif change.field == ACTIVE:
            turns.append(Turn(change.us, state=LOST if change.new == "false" else OPEN))
    return turns
