"""The head of a stored lead, and the version of its rows: equal versions mean equal rows."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, literal_column, select

from serving.store import schema as db
from serving.store.config import CONFIG
from serving.store.database.statements import PreparedQuery, Rows
from serving.store.database.transaction import RESTORED
from serving.store.leads.lead_rows import LeadRow, lead_row
from serving.store.leads.leads import ERASURES

# What arrives gets a higher number than all before, corrections too.
LAST_ROWS = [
    select(func.max(table.c.row_no)).where(table.c.lead_no == db.leads.c.lead_no).scalar_subquery()
    for table in (*db.FACTS, db.corrections)
]
_LEADS = db.leads.c
SETTINGS = (CONFIG, ERASURES, RESTORED)
# In the same statement: on a server another one takes half as long as the leads.
STORED_SETTINGS = [
    select(db.settings.c.value).where(db.settings.c.name == literal_column(f"'{name}'")).scalar_subquery()
    for name in SETTINGS
]
PACKED_THROUGH = (
    select(db.packed_rows.c.through_row).where(db.packed_rows.c.lead_no == _LEADS.lead_no).scalar_subquery()
)
HEADS = PreparedQuery(
    select(
        *(_LEADS.lead_no, _LEADS.lead_id, _LEADS.created_us, _LEADS.attributes),
        PACKED_THROUGH,
        *STORED_SETTINGS,
        *LAST_ROWS,
    ),
    among=_LEADS.lead_id,
)


class LeadHead(NamedTuple):
    """A row of the table of leads.

    packed_through: the row up to which its interactions are packed, None if they are not. version: its number, and its
    last row in each table. settings: the store's, by SETTINGS, None for one that was never written.
    """

    lead_no: int
    lead_id: str
    created_us: int
    attributes: str  # JSON
    packed_through: int | None
    settings: tuple[str | None, ...]
    version: tuple[int | None, ...]

    @property
    def corrected_row(self) -> int:
        """The lead's last correction, 0 without one."""
        return self.version[-1] or 0

    def row(self) -> LeadRow:
        """The lead with its attributes parsed."""
        return lead_row(self)


def lead_heads(connection: Connection, lead_ids: Collection[str]) -> dict[str, LeadHead]:
    """The heads of the stored leads among these ids."""
    return heads_in(HEADS.rows(connection, some=list(lead_ids)))


def heads_in(rows: Rows) -> dict[str, LeadHead]:
    """The heads in rows of HEADS."""
    heads: dict[str, LeadHead] = {}
    for row in rows:
        lead_no, lead_id, created_us, attributes, packed, *others = row
        settings, last_rows = others[: len(SETTINGS)], others[len(SETTINGS) :]
        version = (lead_no, *last_rows)
        heads[lead_id] = LeadHead(lead_no, lead_id, created_us, attributes, packed, tuple(settings), version)
    return heads
