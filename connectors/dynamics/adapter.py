"""Dynamics 365 Sales: opportunities with audit, process flows, activities and leads -> the tables of a data folder."""

from typing import Final

import numpy as np

from connectors.deals.deals import NO_TIME, deal_tables
from connectors.dynamics.activities import interactions
from connectors.dynamics.amounts import read_amounts
from connectors.dynamics.audit import Change, changes_of_versions, read_changes
from connectors.dynamics.lead_object import convert_leads
from connectors.dynamics.leads import (
    AMOUNT,
    CLOSE_DATE,
    attribute_changes,
    identity_columns,
    lead_table,
    list_ignored,
    read_leads,
)
from connectors.dynamics.objects import ALL_KINDS
from connectors.dynamics.org import Org, read_org
from connectors.dynamics.processes import Processes, read_processes
from connectors.dynamics.stages import known_entries, open_stages, read_deals, read_moves, read_stages
from connectors.folder.tables import Result, Sink
from connectors.reading.export import Export
from connectors.reading.lacks import stage_lack

KINDS: Final = ALL_KINDS
LEAD: Final = "lead"
OBJECTS: Final = ("deal", LEAD)


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    if export.options.object == LEAD:
        return convert_leads(export, sink)
    org = read_org(export)
    qualified = read_leads(org)
    processes = read_processes(org, qualified.place_of)
    audited = read_changes(org, processes.owners) or changes_of_versions(org)
    exported_us = _exported(org, processes, audited)

    stages = read_stages(org, processes, audited)
    amounts = read_amounts(org)
    deals = read_deals(org, stages, processes, amounts.value)
    tables = deal_tables(deals, read_moves(org, stages, processes, audited, deals), exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    changes = attribute_changes(org, audited, amounts)
    leads = lead_table(org, qualified, changes, audited, amounts)
    list_ignored(org)

    sink.erase(org.erased)
    sink.leads(leads, exported_us, {*changes.attribute, CLOSE_DATE, AMOUNT})
    sink.add("stages", known_entries(tables.stages))
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", changes.table(org.ids))
    for batch in interactions(org, qualified.place_of):
        sink.add("interactions", batch)
    return Result("deal", amounts.currency, open_stages(stages), identity_columns(leads), exported_us)


def _exported(org: Org, processes: Processes, audited: list[Change]) -> int:
    """When the export was made: the latest past time of its opportunities, process flows and audit."""
    now_us = org.export.options.now_us
    since = processes.since_us[(processes.since_us != NO_TIME) & (processes.since_us <= now_us)]
    latest = max((change.us for change in audited if change.us <= now_us), default=org.exported_us)
    return int(max(org.exported_us, latest, np.max(since, initial=org.exported_us)))
