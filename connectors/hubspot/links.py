"""Links between deals, contacts, companies and engagements, in whatever form the export has them."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.hubspot.portal import ID, Portal, parent_kind, places_of_sources
from connectors.reading.export import SOURCE, Export, column
from connectors.reading.ids import ids_in_cell, whole_ids

Pairs = list[tuple[str, str]]


@dataclass
class Links:
    """Pairs of ids: contacts and companies of deals, deals and contacts of engagements."""

    deal_contacts: Pairs = field(default_factory=list)
    deal_companies: Pairs = field(default_factory=list)
    engagement_deals: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    engagement_contacts: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    contact_companies: Pairs = field(default_factory=list)


def read_links(export: Export) -> Links:
    """The links of tables of their own and of associations nested in records."""
    links = Links()
    links.deal_contacts += _pairs(export, "DealContact", "deal_id", "contact_id")
    links.deal_companies += _pairs(export, "DealCompany", "deal_id", "company_id")
    for engagement, deal in _pairs(export, "EngagementDeal", "engagement_id", "deal_id"):
        links.engagement_deals[engagement].append(deal)
    for engagement, contact in _pairs(export, "EngagementContact", "engagement_id", "contact_id"):
        links.engagement_contacts[engagement].append(contact)
    _add_associations(export, links)
    return links


def add_cells(portal: Portal, contacts: pa.Table, links: Links) -> None:
    """Adds the links that columns of deals and contacts name, several ids in a cell."""
    deals = portal.table if portal.lead.object == "deal" else None
    if deals is not None:
        links.deal_contacts += _in_cells(deals, "contact_ids")
        links.deal_companies += _in_cells(deals, "company_ids")
    links.deal_contacts += [(deal, contact) for contact, deal in _in_cells(contacts, "deal_ids")]
    links.contact_companies += _in_cells(contacts, "company_ids")


def _in_cells(table: pa.Table, name: str) -> Pairs:
    ids = whole_ids(column(table, ID)).to_pylist()
    cells = column(table, name).to_pylist()
    return [(id_, other) for id_, cell in zip(ids, cells, strict=True) if id_ for other in ids_in_cell(cell)]


def _pairs(export: Export, kind: str, first: str, second: str) -> Pairs:
    table = export.table(kind)
    deleted = np.zeros(len(table), dtype=np.bool_)
    without = pc.or_(pc.is_null(column(table, first)), pc.is_null(column(table, second)))
    table = export.leave(table, "no_id", deleted | without.to_numpy(zero_copy_only=False))
    export.use(table)
    return list(zip(*(whole_ids(column(table, name)).to_pylist() for name in (first, second)), strict=True))


def _add_associations(export: Export, links: Links) -> None:
    """Associations nested in pages of deals, contacts and engagements; those of other objects are set aside."""
    table = export.table("Association")
    for place in places_of_sources(table):
        rows = table.filter(pc.equal(table.column(SOURCE), place))
        parent = parent_kind(export, place)
        lists = (column(rows, "parent.list").to_pylist() or [""])[0].lower()
        target = next((name for name in ("deal", "contact", "compan") if f".{name}" in lists), "")
        pairs = zip(*(whole_ids(column(rows, n)).to_pylist() for n in ("parent.Id", "id")), strict=True)
        known = [(a, b) for a, b in pairs if a and b]
        if not _added(links, parent, target, known):
            export.leave(rows, "link_between_other_objects", np.ones(len(rows), dtype=np.bool_))
            continue
        export.use(rows)


def _added(links: Links, parent: str, target: str, pairs: Pairs) -> bool:
    if (parent, target) == ("Deal", "contact"):
        links.deal_contacts += pairs
    elif (parent, target) == ("Contact", "deal"):
        links.deal_contacts += [(deal, contact) for contact, deal in pairs]
    elif (parent, target) == ("Deal", "compan"):
        links.deal_companies += pairs
    elif (parent, target) == ("Contact", "compan"):
        links.contact_companies += pairs
    elif parent == "Engagement" and target in ("deal", "contact"):
        other = links.engagement_deals if target == "deal" else links.engagement_contacts
        for engagement, id_ in pairs:
            other[engagement].append(id_)
    else:
        return False
    return True
