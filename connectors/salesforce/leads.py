"""One row of `leads` for each opportunity, joined by the Lead that it was converted from."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.attributes import Changes, Text
from connectors.deals.deals import times
from connectors.reading.export import OWN_COLUMNS, column
from connectors.salesforce.changes import FirstValues
from connectors.salesforce.ids import are_references, keys, long_ids
from connectors.salesforce.objects import LEAD, OPPORTUNITY
from connectors.salesforce.org import Org, without_deleted
from history.base.arrays import Ints

IDENTITY = {"name": "Name", "account_name": "Account.Name", "description": "Description"}
Columns = dict[str, list[Text]]


@dataclass(frozen=True)
class ConvertedLeads:
    """Rows of Lead (m,) that became an opportunity of the export: their keys, and the place of that opportunity."""

    table: pa.Table
    keys: pa.Array
    deal: Ints

    def by_deal(self, name: str) -> dict[int, str]:
        """The values of a column by the place of the opportunity."""
        values = column(self.table, name).to_pylist()
        return {place: value for place, value in zip(self.deal.tolist(), values, strict=True) if value}


def read_converted(org: Org) -> ConvertedLeads:
    """The converted leads; what happened to a Lead before it was an opportunity is no stage of the deal."""
    table = without_deleted(org.export, org.export.table("Lead"))
    deal = org.places(column(table, "ConvertedOpportunityId"))
    table = org.export.leave(table, "not_converted_to_an_opportunity_of_the_export", deal < 0)
    org.export.use(table)
    history = org.export.table("LeadHistory")
    org.export.leave(history, "before_the_opportunity", np.ones(len(history), dtype=np.bool_))
    statuses = org.export.table("LeadStatus")
    org.export.leave(statuses, "of_another_object", np.ones(len(statuses), dtype=np.bool_))
    lead_keys = pa.array(keys(column(table, "Id")).to_pylist(), pa.string())
    return ConvertedLeads(table, lead_keys, deal[deal >= 0])


def lead_table(org: Org, converted: ConvertedLeads, changes: Changes, first: FirstValues) -> pa.Table:
    """What was known of each opportunity at its creation, as far as the export tells."""
    columns = _own_columns(org, converted)
    columns |= {name: [values.get(place) for place in range(len(org.ids))] for name, values in first.items()}
    for name, by_lead in changes.at_creation().items():
        if name not in first:
            values = columns.setdefault(name, [None] * len(org.ids))
            for place, value in by_lead.items():
                values[place] = value
    _add_lead_columns(org, converted, columns)
    table = {"lead_id": pa.array(org.ids, pa.string()), "created_at": times(org.created_us)}
    table |= {name: pa.array(values, pa.string()) for name, values in columns.items() if any(values)}
    return pa.table(table)


def identity_columns(leads: pa.Table) -> tuple[str, ...]:
    """The columns of `leads` that say who it is."""
    return tuple(name for name in IDENTITY if name in leads.column_names)


def _own_columns(org: Org, converted: ConvertedLeads) -> Columns:
    current = org.opportunities
    owner_ids, names = column(current, "OwnerId").to_pylist(), column(current, "Owner.Name").to_pylist()
    of_lead = converted.by_deal("LeadSource")
    own_sources = column(current, "LeadSource").to_pylist()
    columns: Columns = {
        "account_id": [text or None for text in long_ids(pc.fill_null(column(current, "AccountId"), ""))],
        "owner": [org.user(id_) or name or id_ for id_, name in zip(owner_ids, names, strict=True)],
        "source": [own or of_lead.get(place) for place, own in enumerate(own_sources)],
    }
    columns |= {label: column(current, name).to_pylist() for label, name in IDENTITY.items()}
    return columns | {name: column(current, name).to_pylist() for name in org.attribute_columns()}


def _add_lead_columns(org: Org, converted: ConvertedLeads, columns: Columns) -> None:
    """Attributes that only the converted leads have."""
    known = {field.name for field in LEAD.fields} | set(OWN_COLUMNS)
    for name in converted.table.column_names:
        if name in known or name in columns or are_references(column(converted.table, name)):
            continue
        by_deal = converted.by_deal(name)
        columns[name] = [by_deal.get(place) for place in range(len(org.ids))]


def list_ignored(org: Org) -> None:
    """Lists the columns that hold today's value or the outcome, and links to other records."""
    of_today = [name for name in ("Status", "OwnerId", "Owner.Name") if org.export.has_field("Lead", name)]
    org.export.ignore("Lead", of_today)
    org.export.ignore_trapped()
    links = set(org.opportunities.column_names) - set(org.attribute_columns())
    own = {field.name for field in OPPORTUNITY.fields} | set(OWN_COLUMNS)
    org.export.ignore("Opportunity", sorted(links - own))
