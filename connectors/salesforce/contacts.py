"""Contacts and campaigns: whose activities are those of a deal, and memberships of campaigns as interactions."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.deals.interactions import Touches
from connectors.deals.people import People
from connectors.reading.export import column
from connectors.salesforce.activities import Targets
from connectors.salesforce.ids import keys
from connectors.salesforce.org import Org, without_deleted
from history.base.arrays import Ints

MEMBER, RESPONSE = "campaign", "campaign_response"  # kinds of interactions


def read_contacts(org: Org) -> People:
    """The contacts with a role in an opportunity of the export."""
    table = without_deleted(org.export, org.export.table("OpportunityContactRole"))
    table = org.of_known_deals(table, "OpportunityId")
    org.export.use(table)
    contacts = keys(column(table, "ContactId")).to_pylist()
    places = org.places(column(table, "OpportunityId")).tolist()
    links = ((contact, place) for contact, place in zip(contacts, places, strict=True) if contact)
    return People(links, org.created_us)


def campaign_interactions(targets: Targets) -> Iterator[pa.Table]:
    """Two interactions at most of each member: when it joined the campaign, and when it first responded.

    A response alone would tell at the joining who is going to respond.
    """
    export = targets.export
    table = without_deleted(export, export.table("CampaignMember"))
    joined = export.times(table, "CreatedDate")
    place = targets.places(column(table, "LeadId"))
    contacts = targets.contacts.deals_at(keys(column(table, "ContactId")), joined.us)
    place = np.where(place >= 0, place, contacts)
    table, place = export.leave(table, "of_no_lead_of_the_export", place < 0), place[place >= 0]
    joined = export.times(table, "CreatedDate")
    table, place = export.leave(table, "no_time", ~joined.known), place[joined.known]
    export.use(table)

    joined, responded = export.times(table, "CreatedDate"), export.times(table, "FirstRespondedDate")
    yield _touches(table, place, joined.us, joined.us, MEMBER).table(targets.ids)
    rows = np.flatnonzero(responded.known & (responded.us <= export.options.now_us))
    answered = table.take(pa.array(rows))
    us = np.maximum(responded.us[rows], joined.us[rows])  # a response is a day without a time
    yield _touches(answered, place[rows], us, np.full(len(rows), NO_TIME), RESPONSE).table(targets.ids)


def _touches(table: pa.Table, place: Ints, us: Ints, entered_us: Ints, kind: str) -> Touches:
    count = len(table)
    ids = pc.binary_join_element_wise(column(table, "Id"), pa.scalar(kind), ",").to_pylist()
    direction = "outbound" if kind == MEMBER else "inbound"
    return Touches(
        place,
        us,
        entered_us,
        [kind] * count,
        ids,
        [None] * count,
        [direction] * count,
        np.full(count, np.nan),
    )
