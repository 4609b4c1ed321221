"""HubSpot: deals or contacts with their histories, activities and marketing events -> the tables of a data folder."""

from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts, Money, in_one_currency, numbers
from connectors.deals.attributes import Changes
from connectors.deals.deals import LOST, WON, deal_tables
from connectors.deals.people import People
from connectors.deals.records import exported_at
from connectors.deals.stage_table import of_kept_pipelines
from connectors.folder.tables import Result, Sink
from connectors.hubspot.engagements import Engagements
from connectors.hubspot.history import read_history
from connectors.hubspot.leads import (
    AMOUNT,
    CLOSE_DATE,
    add_history,
    identity_columns,
    lead_table,
    list_ignored,
    tracked_properties,
)
from connectors.hubspot.links import Links, add_cells, read_links
from connectors.hubspot.marketing import Contacts, marketing_events
from connectors.hubspot.portal import CONTACTS, DEALS, ID, Portal, read_portal, refuse_incomplete
from connectors.hubspot.stages import (
    lifecycle_rows,
    read_deals,
    read_moves,
    read_stage_rows,
    stage_ids,
    stages_of,
    with_probabilities,
)
from connectors.hubspot.tables import ALL_KINDS
from connectors.reading.export import Export, column
from connectors.reading.ids import whole_ids
from connectors.reading.lacks import stage_lack
from history.base.arrays import Ints

KINDS: Final = ALL_KINDS
OBJECTS: Final = ("deal", "person")
TIMES: Final = ("createdate", "hs_lastmodifieddate", "lastmodifieddate")


def convert(export: Export, sink: Sink) -> Result:
    """Gives the tables of an export to the sink; raises InvalidInput with every problem found."""
    lead = CONTACTS if export.options.object == "person" else DEALS
    refuse_incomplete(export, lead)
    export.leave_unused()
    pipelines = export.table("Pipeline")
    export.use(pipelines)
    labels = dict(zip(*(column(pipelines, n).to_pylist() for n in ("pipeline_id", "label")), strict=True))
    portal = read_portal(export, lead, export.table(lead.kind.name), labels)
    contacts = _other_object(portal)
    links = read_links(export)
    add_cells(portal, contacts, links)

    deal_stages = read_stage_rows(export, pipelines)
    rows = deal_stages if lead is DEALS else lifecycle_rows()
    history = read_history(portal, {*(name.lower() for name in tracked_properties(portal)), lead.stage})
    amounts = _amounts(portal)
    moves = read_moves(portal, history, rows)
    present = stage_ids(rows, column(portal.table, lead.stage).to_pylist())
    rows = with_probabilities(portal, rows, present)
    stages = stages_of(portal, rows, [*present, *moves.stage])
    codes = of_kept_pipelines(export, rows, present, moves.stage, stages)
    deals = read_deals(portal, stages, stages.codes(present), amounts)
    exported_us = _exported(portal, deals.closed_us[np.isin(deals.state, (WON, LOST))], moves.us)
    tables = deal_tables(deals, stages.moves(moves, codes), exported_us)
    export.lack(stage_lack(export.system, tables.stages))

    changes = Changes()
    first = add_history(portal, history, amounts, changes)
    leads = lead_table(portal, contacts, links, first)
    list_ignored(portal)
    sink.erase(portal.erased)
    sink.merge(portal.ids.survivors)
    sink.leads(leads, exported_us, {*first, *changes.attribute, CLOSE_DATE, AMOUNT})
    sink.add("stages", tables.stages)
    sink.add("outcomes", tables.outcomes)
    sink.add("attribute_changes", changes.table(portal.ids.own))
    who = _who(portal, contacts, links)
    for batch in Engagements(portal, links, who.people, exported_us).interactions():
        sink.add("interactions", batch)
    for batch in marketing_events(portal, who):
        sink.add("interactions", batch)
    return Result(lead.object, amounts.currency, stages.order, identity_columns(portal, leads), exported_us)


def _other_object(portal: Portal) -> pa.Table:
    """The contacts, used for links and sources; if they are the leads, the deals are set aside."""
    export = portal.export
    if portal.lead is CONTACTS:
        deals = export.table("Deal")
        export.leave(deals, "deals_are_not_the_leads", np.ones(len(deals), dtype=np.bool_))
        return portal.table
    contacts = export.table("Contact")
    export.use(contacts)
    return contacts


def _amounts(portal: Portal) -> Amounts:
    """The amounts of deals in one currency: as HubSpot converted them, else of --currency alone."""
    table, count = portal.table, len(portal)
    if portal.lead is CONTACTS:
        return Amounts(np.full(count, np.nan), None, np.ones(count))
    own = numbers(portal.export, table, "amount", "Deal")
    home = numbers(portal.export, table, "amount_in_home_currency", "Deal")
    codes = column(table, "deal_currency_code")
    same = np.isfinite(own) & (own == home) & (own > 0)
    same_codes = {
        code for code, equal in zip(codes.to_pylist(), same.tolist(), strict=True) if equal and code
    }
    money = Money(
        amount=own,
        codes=codes,
        converted=home,
        home=same_codes.pop() if len(same_codes) == 1 else portal.export.options.currency,
        rates={},
        name="Deal.amount",
        mend="export the property amount_in_home_currency ('Amount in company currency') too",
        texts=column(table, "amount"),
    )
    return in_one_currency(money, portal.export.options.currency)


def _exported(portal: Portal, closed_us: Ints, moved_us: Ints) -> int:
    """When the export was made: the latest past time of the leads and their stages."""
    now_us = portal.export.options.now_us
    past = [us[us <= now_us] for us in (closed_us, moved_us)]
    latest = exported_at(portal.export, [(portal.table, TIMES)])
    return max(latest, *(int(us.max()) for us in past if len(us)), latest)


def _who(portal: Portal, contacts: pa.Table, links: Links) -> Contacts:
    ids, emails = (column(contacts, name) for name in (ID, "email"))
    by_email = {
        email.lower(): id_
        for id_, email in zip(whole_ids(ids).to_pylist(), emails.to_pylist(), strict=True)
        if id_ and email
    }
    places = portal.ids.places(pa.array([deal for deal, _ in links.deal_contacts], pa.string())).tolist()
    pairs = [
        (contact, place)
        for place, (_, contact) in zip(places, links.deal_contacts, strict=True)
        if place >= 0
    ]
    return Contacts(People(pairs, portal.created_us), by_email)
