"""Salesforce: opportunities with their histories, activities and converted leads -> the tables of a data folder."""

from typing import Final

from connectors.attributes import Changes
from connectors.deals import deal_tables
from connectors.export import Export
from connectors.salesforce.activities import interactions
from connectors.salesforce.amounts import read_amounts
from connectors.salesforce.changes import AMOUNT, CLOSE_DATE, add_field_changes, add_plans, tracked_plans
from connectors.salesforce.leads import identity_columns, lead_table, list_ignored, read_converted
from connectors.salesforce.objects import ALL_KINDS
from connectors.salesforce.org import read_org, without_deleted
from connectors.salesforce.stages import read_deals, read_moves, read_stages, stage_rows
from connectors.tables import Result, Sink

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("deal",)


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    history, fields = export.table("OpportunityHistory"), export.table("OpportunityFieldHistory")
    org = read_org(export, history, fields)
    converted = read_converted(org)
    history = stage_rows(org, history)
    fields = org.of_known_deals(without_deleted(export, fields), "OpportunityId")

    stages = read_stages(org, history, fields)
    amounts = read_amounts(org)
    deals = read_deals(org, stages, amounts)
    tables = deal_tables(deals, read_moves(org, history, fields, stages, amounts), org.exported_us)
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
    for batch in interactions(org, converted):
        sink.add("interactions", batch)
    return Result("deal", amounts.currency, stages.order, identity_columns(leads), org.exported_us)
