"""Stored leads: creation, merging of later values, erasure, and what their attributes are now."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from history.values import value_text
from serving.store import schema as db
from serving.store.reading import LeadRow, LeadRows, find_leads, rows_of, scalar_text, scalar_value
from serving.store.statements import Insertion
from serving.store.writer import Transaction

KEYS_AT_ONCE = 500


MARK_DIRTY = Insertion(db.dirty, "lead_no", ("row_no", "is_bulk"))


class Current:
    """One lead's attributes: what they were at creation and what changed since, up to an instant."""

    def __init__(self, lead: LeadRow) -> None:
        self._created = lead.attributes
        self._changed: dict[str, str | None] = {}

    def change(self, name: str, stored: str | None) -> None:
        self._changed[name] = stored

    def at_creation(self, name: str) -> str | None:
        return value_text(self._created.get(name))

    def text(self, name: str) -> str | None:
        """The value now as a History holds it."""
        return scalar_text(self._changed[name]) if name in self._changed else self.at_creation(name)

    def scalar(self, name: str) -> Any:
        """The value now as it came, None for none."""
        return scalar_value(self._changed[name]) if name in self._changed else self._created.get(name)

    def scalars(self) -> dict[str, Any]:
        """Every value that is there now."""
        names = dict.fromkeys([*self._created, *self._changed])
        return {name: value for name in names if (value := self.scalar(name)) is not None}


def current_attributes(rows: LeadRows, as_of_us: int | None = None) -> list[Current]:
    """The attributes of each lead with the changes known at as_of_us, or with all of them."""
    found = {lead.lead_no: Current(lead) for lead in rows.leads}
    changes = sorted(
        zip(*rows.tables["attribute_changes"], strict=True), key=lambda row: (row[0], row[2], row[1])
    )
    for lead_no, _, _, known_us, name, value in changes:
        if as_of_us is None or known_us <= as_of_us:
            found[lead_no].change(name, value)
    return [found[lead.lead_no] for lead in rows.leads]


@dataclass(frozen=True)
class PutLead:
    """A lead as a caller gives it: the values it names, null to clear one."""

    lead_id: str
    created_us: int
    values: Mapping[str, Any]


CREATED, UPDATED, UNCHANGED, CONFLICT = "created", "updated", "unchanged", "conflict"


def put_leads(transaction: Transaction, puts: Sequence[PutLead]) -> list[str]:
    """Creates each lead or merges its values: CREATED, UPDATED, UNCHANGED or CONFLICT (another created_at)."""
    return [_put(transaction, put) for put in puts]


def _put(transaction: Transaction, put: PutLead) -> str:
    connection = transaction.connection
    lead = find_leads(connection, [put.lead_id]).get(put.lead_id)
    if lead is None:
        return _create(transaction, put)
    if lead.created_us != put.created_us:
        return CONFLICT
    (now,) = current_attributes(rows_of(connection, [lead]))
    differing = {name: value for name, value in put.values.items() if value_text(value) != now.text(name)}
    if not differing:
        return UNCHANGED
    at = transaction.now_us
    rows = [
        {"lead_no": lead.lead_no, "row_no": number, "time_us": at, "known_us": at, "attribute": name,
         "value": stored_scalar(value), "event_key": None}
        for number, (name, value) in zip(transaction.numbers("row_no", len(differing)), differing.items(), strict=True)
    ]  # fmt: skip
    connection.execute(db.attribute_changes.insert(), rows)
    mark_dirty(connection, {lead.lead_no: int(str(rows[-1]["row_no"]))})
    return UPDATED


def _create(transaction: Transaction, put: PutLead) -> str:
    (number,) = transaction.numbers("lead_no", 1)
    attributes = {name: value for name, value in put.values.items() if value_text(value) is not None}
    row = {
        "lead_no": number,
        "lead_id": put.lead_id,
        "created_us": put.created_us,
        "attributes": json.dumps(attributes, ensure_ascii=False, separators=(",", ":")),
    }
    transaction.connection.execute(db.leads.insert(), [row])
    mark_dirty(transaction.connection, {number: 0})
    return CREATED


def stored_scalar(value: Any) -> str | None:
    """A JSON scalar as a change keeps it; None clears."""
    return None if value_text(value) is None else json.dumps(value, ensure_ascii=False)


def mark_dirty(connection: Connection, rows: Mapping[int, int], is_bulk: bool = False) -> None:
    """Remembers that these leads (lead_no -> their last row_no) wait for a score; a load's wait behind live ones."""
    if not rows:
        return
    values = [{"lead_no": lead, "row_no": row, "is_bulk": int(is_bulk)} for lead, row in rows.items()]
    MARK_DIRTY.run(connection, values)


def erase_leads(transaction: Transaction, lead_ids: Sequence[str]) -> list[bool]:
    """Deletes each lead with everything derived from it; False where there is none."""
    connection = transaction.connection
    found = dict(_numbers(connection, lead_ids))
    for lead_no in found.values():
        _erase(connection, lead_no)
    return [found.pop(lead_id, None) is not None for lead_id in lead_ids]


def _numbers(connection: Connection, lead_ids: Sequence[str]) -> Iterator[tuple[str, int]]:
    query = select(db.leads.c.lead_id, db.leads.c.lead_no).where(db.leads.c.lead_id.in_(lead_ids))
    return iter(connection.execute(query))


def _erase(connection: Connection, lead_no: int) -> None:
    for table in db.FACTS:
        query = select(table.c.event_key).where(table.c.lead_no == lead_no, table.c.event_key.is_not(None))
        keys = list(connection.execute(query.distinct()).scalars())
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            connection.execute(delete(db.event_ids).where(db.event_ids.c.event_key.in_(some)))
        connection.execute(delete(table).where(table.c.lead_no == lead_no))
    for table in (*db.DERIVED, db.leads):
        connection.execute(delete(table).where(table.c.lead_no == lead_no))
