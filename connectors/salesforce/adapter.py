"""Salesforce: opportunities with their histories, activities and converted leads -> the tables of a data folder."""

from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.attributes import Changes
from connectors.deals.deals import deal_tables
from connectors.folder.tables import Result, Sink
from connectors.reading.export import Export
from connectors.reading.lacks import stage_lack
from connectors.salesforce.activities import Targets, interactions
from connectors.salesforce.amounts import read_amounts
from connectors.salesforce.changes import AMOUNT, CLOSE_DATE, add_field_changes, add_plans, tracked_plans
from connectors.salesforce.contacts import campaign_interactions, read_contacts
from connectors.salesforce.lead_object import convert_leads
from connectors.salesforce.leads import identity_columns, lead_table, list_ignored, read_converted
from connectors.salesforce.objects import ALL_KINDS
from connectors.salesforce.org import read_org, without_deleted
from connectors.salesforce.stages import read_deals, read_moves, read_stages, stage_rows

KINDS: Final = ALL_KINDS
LEAD: Final = "lead"
OBJECTS: Final = ("deal", LEAD)


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    if export.options.object == LEAD:
        return convert_leads(export, sink)
    history, fields = export.table("OpportunityHistory"), export.table("OpportunityFieldHistory")
    org = read_org(export, history, fields)
    converted = read_converted(org)
    history = stage_rows(org, history)
    fields = org.of_known_deals(without_deleted(export, fields), "OpportunityId")

    stages = read_stages(org, history, fields)
    amounts = read_amounts(org)
    deals = read_deals(org, stages, amounts)
    tables = deal_tables(deals, read_moves(org, history, fields, stages, amounts), org.exported_us)
    export.lack(stage_lack(export.system, tables.stages))
    changes = Changes()
    first = add_plans(org, history, amounts, changes)
    add_field_changes(org, fields, amounts, changes)
    first |= tracked_plans(org, fields, amounts, changes) if not first else {}
    leads = lead_table(org, converted, changes, first)
    list_ignored(org)

    sink.erase(org.erased)
    sink.leads(leads, org.exported_us, {*changes.attribute, CLOSE_DATE, AMOUNT})
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", changes.table(org.ids))
    targets = Targets(
        export, org.exported_us, org.ids, pa.concat_arrays([org.keys, converted.keys]),
        np.concatenate((np.arange(len(org.keys)), converted.deal)), read_contacts(org),
    )  # fmt: skip
    for batch in chain(interactions(targets), campaign_interactions(targets)):
        sink.add("interactions", batch)
    return Result("deal", amounts.currency, stages.order, identity_columns(leads), org.exported_us)
