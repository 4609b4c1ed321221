"""Odoo: crm.lead with its tracked changes, messages, activities and meetings -> the tables of a data folder."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.deals import NO_TIME, deal_tables, times
from connectors.folder.tables import Result, Sink
from connectors.folder.write import SCHEMAS
from connectors.odoo.changes.tracking import read_changes, read_listed_changes
from connectors.odoo.changes.versions import changes_of_versions
from connectors.odoo.crm import UNQUALIFIED, Crm, read_crm
from connectors.odoo.currencies import read_amounts
from connectors.odoo.leads import (
    AMOUNT,
    CLOSE_DATE,
    attribute_changes,
    identity_columns,
    lead_table,
    list_ignored,
)
from connectors.odoo.meetings import read_activities, read_listed_messages, read_meetings
from connectors.odoo.messages import Posted, Touch, read_messages, touch_table
from connectors.odoo.objects import ALL_KINDS
from connectors.odoo.relations import Text, references
from connectors.odoo.stage_table import StageTable, read_stage_table
from connectors.odoo.stages.durations import changes_of_durations
from connectors.odoo.stages.moves import read_moves
from connectors.odoo.stages.stages import archived_undecided, present_stages, read_deals, read_stages
from connectors.reading.export import Export
from connectors.reading.lacks import stage_lack

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("deal", UNQUALIFIED)


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    crm = read_crm(export)
    tracking = export.table("mail.tracking.value")
    touches: list[Touch] = []
    posted = read_messages(
        crm, touches, set(filter(None, references(tracking, "mail_message_id").record_keys()))
    )
    exported_us = _exported(crm, posted)
    stage_table = read_stage_table(export)
    present = present_stages(crm, stage_table)
    tracked = (
        read_changes(crm, tracking, posted, stage_table)
        or read_listed_changes(crm, stage_table)
        or changes_of_versions(crm)
        or changes_of_durations(crm, stage_table, present)
    )

    stages = read_stages(crm, stage_table, present, tracked)
    amounts = read_amounts(crm)
    deals = read_deals(crm, stages, present, amounts.value)
    tables = deal_tables(deals, read_moves(crm, stages, stage_table, present, tracked), exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    changes = attribute_changes(crm, tracked, amounts)
    leads = lead_table(crm, changes, tracked, amounts)
    list_ignored(crm)
    read_meetings(crm, touches, exported_us)
    read_activities(crm, touches)
    read_listed_messages(crm, touches, posted.place)

    interactions = touch_table(touches, crm.ids)
    merged = sink.absorbed(interactions, crm.ids)
    sink.erase([id_ for id_ in crm.erased if id_ not in merged])
    if merged:
        export.notes.append(
            f"Leads of the earlier import that were merged into others since then: {len(merged):,}."
        )
    sink.merge(merged)
    sink.leads(leads, exported_us, {*changes.attribute, CLOSE_DATE, AMOUNT})
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("outcomes", _archived(crm, stage_table, present, exported_us))
    sink.add("attribute_changes", changes.table(crm.ids))
    sink.add("interactions", interactions)
    name = UNQUALIFIED if export.options.object == UNQUALIFIED else "deal"
    return Result(name, amounts.currency, stages.order, identity_columns(leads), exported_us)


def _exported(crm: Crm, posted: Posted) -> int:
    """When the export was made: the latest past time of its leads and messages."""
    past = posted.us[posted.us <= crm.export.options.now_us]
    return max(crm.exported_us, int(past.max()) if len(past) else crm.exported_us)


def _archived(crm: Crm, table: StageTable, present: Sequence[Text], exported_us: int) -> pa.Table:
    """Outcomes `gone` of leads that were archived without being won or lost."""
    rows = np.flatnonzero(archived_undecided(crm, table.won, present))
    closed = crm.export.times(crm.leads, "date_closed")
    us = np.where(closed.known, closed.us, exported_us)[rows]
    nothing = pa.nulls(len(rows), pa.string())
    return pa.table(
        {
            "lead_id": pa.array([crm.ids[row] for row in rows.tolist()], pa.string()),
            "outcome": pa.array(["gone"] * len(rows), pa.string()),
            "closed_at": times(us),
            "amount": pa.nulls(len(rows), pa.float64()),
            "reason": nothing,
            "recorded_at": times(np.full(len(rows), NO_TIME)),
        }
    ).cast(SCHEMAS["outcomes"])
