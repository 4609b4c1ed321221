"""Events -> fact rows, many requests in one batch: duplicates by event_id and interaction_id, rejections by code."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from serving.base.event import Event, EventProblem, RejectedEvent
from serving.base.limits import AHEAD_US
from serving.store import schema as db
from serving.store.database.statements import (
    PreparedInsert,
    PreparedQuery,
    in_parts,
    is_sqlite,
    rows_of_lists,
    sqlite_driver,
)
from serving.store.database.transaction import Transaction
from serving.store.leads.leads import mark_dirty

KEYS_PER_QUERY = 500
INSERT_FACTS = {table.name: PreparedInsert(table) for table in db.FACTS}
INSERT_KEYS = PreparedInsert(db.event_ids)
_STORED_KEYS = PreparedQuery(select(db.event_ids.c.event_key), among=db.event_ids.c.event_key)
_LEADS = PreparedQuery(
    select(db.leads.c.lead_id, db.leads.c.lead_no, db.leads.c.created_us), among=db.leads.c.lead_id
)

_ID_COLUMNS = (db.interactions.c.lead_no, db.interactions.c.interaction_id)
_GIVEN_IDS = rows_of_lists(*_ID_COLUMNS)
_IS_GIVEN = and_(
    _ID_COLUMNS[0] == _GIVEN_IDS.c[0], _ID_COLUMNS[1] == _GIVEN_IDS.c[1], _ID_COLUMNS[1].is_not(None)
)
STORED_IDS = select(*_ID_COLUMNS).join_from(_GIVEN_IDS, db.interactions, _IS_GIVEN)
# CROSS JOIN keeps SQLite to this order: one look into the index for each pair, instead of a scan of all of it.
STORED_IDS_ON_SQLITE = """
SELECT lead_no, interaction_id FROM json_each(?) AS given CROSS JOIN interactions
ON lead_no = json_extract(given.value, '$[0]') AND interaction_id = json_extract(given.value, '$[1]')
"""


@dataclass
class IngestResult:
    """Result of one request's events: counts, and each rejected event with its reasons."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)


def store_events(transaction: Transaction, requests: Sequence[Sequence[Event]]) -> list[IngestResult]:
    """Stores the new events of each request, in order; an id that occurs twice among them counts once."""
    batch = _Batch(transaction, [event for events in requests for event in events])
    results = []
    for events in requests:
        result = IngestResult()
        for index, event in enumerate(events):
            batch.add(event, index, result)
        results.append(result)
    batch.write()
    return results


class _KnownLead(NamedTuple):
    lead_no: int
    created_us: int


class _Batch:
    """The keys, leads and interaction ids known so far, and the rows to be inserted."""

    def __init__(self, transaction: Transaction, events: Sequence[Event]) -> None:
        connection = transaction.connection
        self.transaction = transaction
        # Three queries for the whole batch; events of the same batch are added as they are accepted.
        self.known_keys = set(_stored_keys(connection, [e.key for e in events if e.key is not None]))
        self.leads = dict(_known_leads(connection, [e.lead_id for e in events if not e.problems]))
        self.known_ids = set(_stored_ids(connection, list(self._interaction_ids(events))))
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INSERT_FACTS}
        self.new_keys: list[dict[str, Any]] = []  # rows of event_ids
        self.last_rows: dict[int, int] = {}

    def _interaction_ids(self, events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        for event in events:
            interaction_id = _interaction_id(event)
            if interaction_id is not None and event.lead_id in self.leads:
                yield self.leads[event.lead_id].lead_no, interaction_id

    def add(self, event: Event, index: int, result: IngestResult) -> None:
        """Counts the event as accepted, duplicate or rejected; an accepted one gets its rows."""
        if event.key is not None and event.key in self.known_keys:
            result.duplicates += 1
            return
        problems = event.problems or self._problems(event)
        if problems or event.key is None:
            result.rejected.append(RejectedEvent(index, problems))
            return
        lead_no = self.leads[event.lead_id].lead_no
        interaction_id = _interaction_id(event)
        if interaction_id is not None:
            if (lead_no, interaction_id) in self.known_ids:
                result.duplicates += 1
                return
            self.known_ids.add((lead_no, interaction_id))
        self._add_rows(event, event.key, lead_no)
        result.accepted += 1

    def _problems(self, event: Event) -> list[EventProblem]:
        """Contradictions to what is stored, or to the clock."""
        lead = self.leads.get(event.lead_id)
        if lead is None:
            message = "no lead is stored under this id: PUT it first"
            return [EventProblem("unknown_lead", ("lead_id",), message)]
        return time_problems(event.table, event.occurred_us, lead.created_us, self.transaction.now_us)

    def _add_rows(self, event: Event, key: bytes, lead_no: int) -> None:
        self.known_keys.add(key)
        self.new_keys.append({"event_key": key, "lead_no": lead_no, "event_id": event.event_id})
        numbers = self.transaction.numbers("row_no", len(event.rows))
        # An event is known from its arrival on: a late one changes no past score or training row.
        known_us = max(event.occurred_us, self.transaction.now_us)
        times = {"time_us": event.occurred_us, "known_us": known_us}
        for row_no, content in zip(numbers, event.rows, strict=True):
            row = {"lead_no": lead_no, "row_no": row_no, **times, **content, "event_key": key}
            self.rows[event.table].append(row)
        self.last_rows[lead_no] = numbers[-1]

    def write(self) -> None:
        """Inserts the rows and queues their leads for a new score."""
        connection = self.transaction.connection
        if self.new_keys:
            INSERT_KEYS.run(connection, self.new_keys)
        for name, rows in self.rows.items():
            if rows:
                INSERT_FACTS[name].run(connection, rows)
        mark_dirty(connection, self.last_rows)


def time_problems(table: str, occurred_us: int, created_us: int, now_us: int) -> list[EventProblem]:
    """The problem of an event's time, if it has one, against the clock and the creation of its lead."""
    if occurred_us > now_us + AHEAD_US:
        return [EventProblem("time_ahead", ("occurred_at",), "the time is more than 5 minutes ahead")]
    if table == "outcomes" and occurred_us < created_us:
        message = "decided before the lead was created"
        return [EventProblem("closed_before_created", ("occurred_at",), message)]
    return []


def _interaction_id(event: Event) -> str | None:
    return event.rows[0]["interaction_id"] if event.table == "interactions" else None


def _stored_keys(connection: Connection, keys: Sequence[bytes]) -> Iterator[bytes]:
    """The stored ones of these event keys."""
    for part in in_parts(keys, KEYS_PER_QUERY):
        if is_sqlite(connection):
            yield from _stored_keys_on_sqlite(connection, part)
        else:
            yield from (key for (key,) in _STORED_KEYS.rows(connection, some=part))


def _stored_keys_on_sqlite(connection: Connection, keys: Sequence[bytes]) -> Iterator[bytes]:
    """Keys are bytes, which a JSON list (PreparedQuery's parameter) cannot hold: each is a parameter of its own.

    The last key is repeated up to a power of two, so that SQLite compiles ten statements and not five hundred.
    """
    count = 1 << (len(keys) - 1).bit_length()
    parameters = [*keys, *[keys[-1]] * (count - len(keys))]
    yield from (key for (key,) in sqlite_driver(connection).execute(_select_keys(count), parameters))


@cache
def _select_keys(count: int) -> str:
    return f"SELECT event_key FROM event_ids WHERE event_key IN ({','.join('?' * count)})"


def _known_leads(connection: Connection, lead_ids: Sequence[str]) -> Iterator[tuple[str, _KnownLead]]:
    """lead_id and lead of the stored ones of these ids."""
    for part in in_parts(list(dict.fromkeys(lead_ids)), KEYS_PER_QUERY):
        for lead_id, lead_no, created_us in _LEADS.rows(connection, some=part):
            yield lead_id, _KnownLead(lead_no, created_us)


def _stored_ids(connection: Connection, ids: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The stored ones of these (lead_no, interaction_id)."""
    for part in in_parts(ids, KEYS_PER_QUERY):
        if is_sqlite(connection):
            yield from sqlite_driver(connection).execute(STORED_IDS_ON_SQLITE, (json.dumps(part),))
        else:
            numbers, texts = map(list, zip(*part, strict=True))
            parameters = {"lead_no": numbers, "interaction_id": texts}
            yield from map(tuple, connection.execute(STORED_IDS, parameters))
