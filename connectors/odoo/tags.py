"""Tags of leads: several picks in one cell, rows of a list export, or a table of links."""

import pyarrow as pa

from connectors.odoo.crm import Crm
from connectors.odoo.relations import Text, record_id, texts
from connectors.reading.export import column


def tag_names(crm: Crm) -> list[Text]:
    """The tags of each lead (n,), several picks joined by semicolons, of both forms."""
    known = crm.names.get("tag_ids", {})
    picks: list[list[str]] = [_picks(text, known) for text in texts(crm.leads, "tag_ids")]
    listed = texts(crm.children, "tag_ids.name")
    for lead, name in zip(crm.child_of.tolist(), listed, strict=True):
        if name and name not in picks[lead]:
            picks[lead].append(name)
    for lead, name in zip(*_related_tags(crm), strict=True):
        picks[lead].append(known.get(name, name))
    return [";".join(dict.fromkeys(names)) or None for names in picks]


def _picks(text: Text, known: dict[str, str]) -> list[str]:
    """Names of a cell such as "4;7", "[4, 7]", "Hot, Product"."""
    if text is None:
        return []
    parts = [part.strip().strip("'\"") for part in text.strip("[]").replace(";", ",").split(",")]
    return [known.get(part, part) for part in parts if part]


def _related_tags(crm: Crm) -> tuple[list[int], list[str]]:
    table: pa.Table = crm.export.table("crm.tag.rel")
    lead = crm.places([record_id(text) for text in column(table, "lead_id").to_pylist()])
    table = crm.export.leave(table, "of_no_lead_of_the_export", lead < 0)
    crm.export.use(table)
    return lead[lead >= 0].tolist(), [record_id(text) or "" for text in column(table, "tag_id").to_pylist()]
