"""One row of `leads` for each deal or contact: what was known at its creation, as far as the export tells."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.amounts import Amounts
from connectors.deals.attributes import Changes, Text
from connectors.deals.deals import times
from connectors.deals.property_history import FirstValues, PropertyHistory, Reader
from connectors.hubspot.links import Links
from connectors.hubspot.portal import Portal
from connectors.hubspot.stays import stage_columns
from connectors.reading.export import column
from connectors.reading.values import days_in, read_numbers, read_times
from history.base.arrays import Ints
from history.text.values import number_text

CLOSE_DATE: Final = "expected_close_date"
AMOUNT: Final = "deal_amount"
IDENTITY: Final = {
    "deal": {"name": "dealname", "description": "description"},
    "person": {"first_name": "firstname", "last_name": "lastname", "email": "email", "company": "company",
               "phone": "phone"},
}  # fmt: skip
TRACKED: Final = {"hubspot_owner_id": "owner", "hs_analytics_source": "source"}
PLANS: Final = {"closedate": CLOSE_DATE, "amount": AMOUNT}


def tracked_properties(portal: Portal) -> dict[str, str]:
    """Property -> attribute of everything whose history is used."""
    own = {name.lower(): name for name in portal.attribute_columns()}
    plans = PLANS if portal.lead.object == "deal" else {"hs_lead_status": "lead_status"}
    return own | TRACKED | plans


def add_history(portal: Portal, history: PropertyHistory, amounts: Amounts, changes: Changes) -> FirstValues:
    """Adds the changes of all tracked properties; returns attribute -> lead -> value at the creation."""

    def owners(values: Sequence[Text], _leads: Ints) -> list[Text]:
        return [portal.owner(value) for value in values]

    def dates(values: Sequence[Text], _leads: Ints) -> list[Text]:
        export = portal.export
        read = read_times(pa.array(values, pa.string()), export.options.zone, export.order)
        return days_in(read, export.options.zone)

    def money(values: Sequence[Text], leads: Ints) -> list[Text]:
        read = read_numbers(pa.array(values, pa.string()), portal.export.options.decimal or ".")
        own = np.round(read.value * amounts.factor[leads], 2)
        return [None if np.isnan(value) else number_text(value) for value in own.tolist()]

    readers: dict[str, Reader] = {"owner": owners, CLOSE_DATE: dates, AMOUNT: money}
    return history.add_changes(tracked_properties(portal), portal.created_us, readers, changes)


def lead_table(portal: Portal, contacts: pa.Table, links: Links, first: FirstValues) -> pa.Table:
    """The leads; an attribute with a history has its value at the creation, others the export's value."""
    table, count = portal.table, len(portal)
    ids, names = column(table, "hubspot_owner_id").to_pylist(), column(table, "owner_name").to_pylist()
    columns: dict[str, Sequence[Text]] = {
        "account_id": _accounts(portal, links),
        "owner": [name or portal.owner(id_) for id_, name in zip(ids, names, strict=True)],
        "source": column(table, "hs_analytics_source").to_pylist(),
    }
    if portal.lead.object == "deal" and not any(columns["source"]):
        columns["source"] = _sources_of_contacts(portal, contacts, links)
    columns |= {
        label: column(table, name).to_pylist() for label, name in IDENTITY[portal.lead.object].items()
    }
    columns |= {name: column(table, name).to_pylist() for name in portal.attribute_columns()}
    for name, by_lead in first.items():
        columns[name] = [by_lead.get(place) for place in range(count)]
    leads = {"lead_id": pa.array(portal.ids.own, pa.string()), "created_at": times(portal.since_us)}
    leads |= {name: pa.array(values, pa.string()) for name, values in columns.items() if any(values)}
    return pa.table(leads)


def identity_columns(portal: Portal, leads: pa.Table) -> tuple[str, ...]:
    """The columns of `leads` that say who it is."""
    return tuple(name for name in IDENTITY[portal.lead.object] if name in leads.column_names)


def list_ignored(portal: Portal) -> None:
    """Lists the columns that hold today's value or the outcome, and HubSpot's own ones."""
    portal.export.ignore_trapped()
    read = set(stage_columns(portal.table.column_names))
    portal.export.ignore(portal.lead.kind.name, sorted(set(portal.own_columns()) - read))


def _accounts(portal: Portal, links: Links) -> list[Text]:
    """The first company of each lead."""
    pairs = links.deal_companies if portal.lead.object == "deal" else links.contact_companies
    places = portal.ids.places(pa.array([lead for lead, _ in pairs], pa.string())).tolist()
    accounts: list[Text] = [None] * len(portal)
    for place, (_, company) in zip(places, pairs, strict=True):
        if place >= 0 and accounts[place] is None:
            accounts[place] = company
    return accounts


def _sources_of_contacts(portal: Portal, contacts: pa.Table, links: Links) -> list[Text]:
    """The source of each deal's first contact."""
    ids = pc.replace_substring_regex(column(contacts, "hs_object_id"), r"\.0+$", "").to_pylist()
    by_contact = dict(zip(ids, column(contacts, "hs_analytics_source").to_pylist(), strict=True))
    places = portal.ids.places(pa.array([deal for deal, _ in links.deal_contacts], pa.string())).tolist()
    sources: list[Text] = [None] * len(portal)
    for place, (_, contact) in zip(places, links.deal_contacts, strict=True):
        if place >= 0 and sources[place] is None:
            sources[place] = by_contact.get(contact)
    return sources
