"""Stored leads: creation, merging of later values, erasure, and their current attributes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from history.config.display import LEAD_ID, Seen, display_of, is_usual
from history.config.schema import ACCOUNT
from history.text.values import value_text
from serving.base.event import event_key
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, in_parts
from serving.store.database.transaction import Transaction
from serving.store.leads.account_mates import account_mates
from serving.store.leads.lead_rows import LeadRow, LeadRows, find_leads, rows_of, scalar_text, scalar_value
from serving.store.scores.worklist.counts import forget_scores

EVENT_KEYS_PER_DELETE = 500
# Results of put_leads.
CREATED, UPDATED, UNCHANGED, CONFLICT = "created", "updated", "unchanged", "conflict"

LIVE, LOAD, FOLLOWING = range(3)  # why a lead is queued: its change, its load, a change in its account
ERASURES = "erase_no"  # the counter of erasures
MOST_FOLLOWERS = 500  # of the leads that are scored together: two seconds of work

_MARK_DIRTY = PreparedInsert(db.dirty, "lead_no", ("row_no", "is_bulk"))


class CurrentAttributes:
    """One lead's attributes: their values at creation and later changes, up to an instant."""

    def __init__(self, lead: LeadRow) -> None:
        self._created = lead.attributes
        self._changed: dict[str, str | None] = {}

    def change(self, name: str, stored: str | None) -> None:
        """Applies a later change: a stored JSON scalar, None to clear."""
        self._changed[name] = stored

    def at_creation(self, name: str) -> str | None:
        """The value at creation as a History holds it."""
        return value_text(self._created.get(name))

    def text(self, name: str) -> str | None:
        """The current value as a History holds it."""
        return scalar_text(self._changed[name]) if name in self._changed else self.at_creation(name)

    def scalar(self, name: str) -> Any:
        """The current value as the caller sent it; None if missing."""
        return scalar_value(self._changed[name]) if name in self._changed else self._created.get(name)

    @property
    def names(self) -> Sequence[str]:
        """All names, also of attributes that are missing now."""
        return [*self._created, *(name for name in self._changed if name not in self._created)]

    def scalars(self) -> dict[str, Any]:
        """All current values that are not missing."""
        values = {**self._created}
        for name, stored in self._changed.items():
            values[name] = scalar_value(stored)
        return {name: value for name, value in values.items() if value is not None}


def seen_lead(settings: Mapping[str, Any], lead_id: str, current: CurrentAttributes) -> Seen:
    """A lead as people see it, by the settings of `[display]`."""
    columns = [name for name in current.names if is_usual(name) and current.scalar(name) is not None]

    def text(name: str) -> str | None:
        return lead_id if name == LEAD_ID else current.text(name)

    return display_of(settings, columns).seen(text)


def current_attributes(rows: LeadRows, as_of_us: int | None = None) -> list[CurrentAttributes]:
    """The attributes of each lead, with the changes known at as_of_us; None applies all of them."""
    attributes = {lead.lead_no: CurrentAttributes(lead) for lead in rows.leads}
    changes = zip(*rows.tables["attribute_changes"], strict=True)
    for lead_no, _row_no, _time_us, known_us, name, value in sorted(changes, key=_by_lead_and_time):
        if as_of_us is None or known_us <= as_of_us:
            attributes[lead_no].change(name, value)
    return [attributes[lead.lead_no] for lead in rows.leads]


def _by_lead_and_time(row: Sequence[Any]) -> tuple[int, int, int]:
    return row[db.LEAD_NO], row[db.TIME_US], row[db.ROW_NO]


@dataclass(frozen=True)
class PutLead:
    """A lead as a caller sends it: its values, None to clear one."""

    lead_id: str
    created_us: int
    values: Mapping[str, Any]


def put_leads(transaction: Transaction, puts: Sequence[PutLead]) -> list[str]:
    """Creates each lead or merges its values: CREATED, UPDATED, UNCHANGED or CONFLICT (another created_at)."""
    return [_put(transaction, put) for put in puts]


def put_many(transaction: Transaction, requests: Sequence[Sequence[PutLead]]) -> list[list[str]]:
    """`put_leads` for the leads of each request, in order."""
    return [put_leads(transaction, puts) for puts in requests]


def _put(transaction: Transaction, put: PutLead) -> str:
    connection = transaction.connection
    lead = find_leads(connection, [put.lead_id]).get(put.lead_id)
    if lead is None:
        return _create(transaction, put)
    if lead.created_us != put.created_us:
        return CONFLICT
    (current,) = current_attributes(rows_of(connection, [lead]))
    # Compared as texts: 3, 3.0 and "3" are the same value, and sending a lead again changes nothing.
    changed = {name: value for name, value in put.values.items() if value_text(value) != current.text(name)}
    if not changed:
        return UNCHANGED
    _insert_changes(transaction, lead.lead_no, changed)
    return UPDATED


def _create(transaction: Transaction, put: PutLead) -> str:
    (lead_no,) = transaction.numbers("lead_no", 1)
    attributes = {name: value for name, value in put.values.items() if value_text(value) is not None}
    row = {
        "lead_no": lead_no,
        "lead_id": put.lead_id,
        "created_us": put.created_us,
        "attributes": compact_json(attributes),
        "account": value_text(attributes.get(ACCOUNT)),
    }
    transaction.connection.execute(db.leads.insert(), [row])
    mark_dirty(transaction.connection, {lead_no: 0})
    return CREATED


def _insert_changes(transaction: Transaction, lead_no: int, values: Mapping[str, Any]) -> None:
    """Inserts attribute changes that happened at the transaction's time."""
    numbers = transaction.numbers("row_no", len(values))
    rows = [
        {
            "lead_no": lead_no,
            "row_no": row_no,
            "time_us": transaction.now_us,
            "known_us": transaction.now_us,
            "attribute": name,
            "value": stored_scalar(value),
            "event_key": None,
        }
        for row_no, (name, value) in zip(numbers, values.items(), strict=True)
    ]
    transaction.connection.execute(db.attribute_changes.insert(), rows)
    mark_dirty(transaction.connection, {lead_no: numbers[-1]})


def compact_json(value: Any) -> str:
    """JSON without spaces, with letters of any script unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stored_scalar(value: Any) -> str | None:
    """A JSON scalar as an attribute change stores it; None clears."""
    return None if value_text(value) is None else json.dumps(value, ensure_ascii=False)


def mark_dirty(connection: Connection, last_rows: Mapping[int, int], queue: int = LIVE) -> None:
    """Queues leads for a new score: lead_no -> its last row_no. Those LIVE come before a LOAD, and FOLLOWING last."""
    if not last_rows:
        return
    rows = [{"lead_no": lead_no, "row_no": row_no, "is_bulk": queue} for lead_no, row_no in last_rows.items()]
    _MARK_DIRTY.run(connection, rows)


def erase_leads(transaction: Transaction, lead_ids: Sequence[str]) -> list[bool]:
    """Deletes each lead with everything derived from it; False for an unknown lead.

    The other leads of its accounts wait for a new score: a model may count what this one did.
    """
    connection = transaction.connection
    leads = find_leads(connection, lead_ids)
    numbers = {lead_id: lead.lead_no for lead_id, lead in leads.items()}
    _queue_mates(connection, list(leads.values()))
    forget_scores(transaction, list(numbers.values()))
    for lead_no in numbers.values():
        _erase(connection, lead_no)
    if numbers:
        transaction.numbers("score_no", 1)  # serving/store/scores/saved.py
        transaction.numbers(ERASURES, 1)
        forget_reports(connection, list(numbers))
    # pop: the second of two equal ids finds nothing any more
    return [numbers.pop(lead_id, None) is not None for lead_id in lead_ids]


def _queue_mates(connection: Connection, leads: Sequence[LeadRow]) -> None:
    """Queues the open leads that share an account with these, the newest MOST_FOLLOWERS of them."""
    numbers = [mate.lead_no for mate in account_mates(connection, leads)]
    is_open = (db.scores.c.is_open == 1) & db.scores.c.lead_no.not_in(select(db.dirty.c.lead_no))
    query = select(db.scores.c.lead_no).where(is_open).order_by(db.scores.c.lead_no.desc())
    behind: list[int] = []
    for part in in_parts(numbers[::-1], MOST_FOLLOWERS):
        behind += connection.execute(query.where(db.scores.c.lead_no.in_(part))).scalars()
    mark_dirty(connection, dict.fromkeys(behind[:MOST_FOLLOWERS], 0), FOLLOWING)


def _erase(connection: Connection, lead_no: int) -> None:
    # The digests of event ids go too: an erased lead may be created again and get the same events.
    corrected = select(db.corrections.c.event_id).where(db.corrections.c.lead_no == lead_no)
    _forget_events(connection, [event_key(name) for name in connection.execute(corrected).scalars()])
    connection.execute(delete(db.corrections).where(db.corrections.c.lead_no == lead_no))
    for table in db.FACTS:
        query = select(table.c.event_key).where(table.c.lead_no == lead_no, table.c.event_key.is_not(None))
        _forget_events(connection, list(connection.execute(query.distinct()).scalars()))
        connection.execute(delete(table).where(table.c.lead_no == lead_no))
    for table in (*db.DERIVED, *db.BESIDE, db.leads):
        connection.execute(delete(table).where(table.c.lead_no == lead_no))


def forget_reports(connection: Connection, lead_ids: Sequence[str]) -> None:
    """Empties the prepared reports that name one of these leads; they are prepared anew."""
    emptied = {"made_us": None, "version": None, "body": None}
    for lead_id in lead_ids:
        names_it = db.reports.c.body.contains(msgspec.json.encode(lead_id).decode(), autoescape=True)
        connection.execute(update(db.reports).where(names_it).values(emptied))


def _forget_events(connection: Connection, keys: Sequence[bytes]) -> None:
    for part in in_parts(keys, EVENT_KEYS_PER_DELETE):
        connection.execute(delete(db.event_ids).where(db.event_ids.c.event_key.in_(part)))
