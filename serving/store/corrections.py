"""Corrections of stored events: a wrong one is retracted or replaced, and a log keeps that it was, without its content.

The corrected rows read as if the event had arrived right: they keep the first version's arrival and order, so that
training, history and funnel of past days follow. The id stays known: the wrong event, sent again, is a duplicate. So is
the wrong row of a folder, loaded again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from serving.base.event import EventProblem, RejectedEvent, event_key
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, in_parts
from serving.store.database.transaction import Transaction
from serving.store.event_ids import RowPlace, named_row
from serving.store.events import INSERT_FACTS, INSERT_KEYS, IngestResult, time_problems
from serving.store.leads.leads import mark_dirty

RETRACT: Final = "retract"
REPLACE: Final = "replace"
KEYS_PER_QUERY = 500

_INSERT_CORRECTIONS = PreparedInsert(db.corrections)
_LAST_CORRECTIONS = PreparedQuery(
    select(db.corrections.c.lead_no, func.max(db.corrections.c.row_no)).group_by(db.corrections.c.lead_no),
    among=db.corrections.c.lead_no,
)
_CORRECTED = PreparedQuery(
    select(db.corrections.c.lead_no, db.corrections.c.digest), among=db.corrections.c.lead_no
)


@dataclass(frozen=True)
class StoredEvent:
    """A stored event with its rows, which hold neither keys nor times; a retracted one has no rows.

    key: under which its id is known, None for rows that came without an id. occurred_us and known_us are microseconds
    UTC, None for a loaded outcome without times; row_numbers are the rows' positions in the order of arrival.
    """

    key: bytes | None
    lead_no: int
    lead_id: str
    created_us: int
    table: str = ""
    occurred_us: int | None = 0
    known_us: int | None = 0
    rows: Sequence[Mapping[str, Any]] = ()
    row_numbers: Sequence[int] = ()

    @property
    def is_retracted(self) -> bool:
        return not self.rows

    def digest(self) -> str:
        """SHA-256 of the content, for the log."""
        return content_digest(self.table, self.occurred_us, self.rows)


def content_digest(table: str, occurred_us: int | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of an event's rows, which hold neither keys nor times."""
    content = json.dumps([table, occurred_us, list(rows)], sort_keys=True)
    return sha256(content.encode()).hexdigest()


@dataclass(frozen=True)
class Correction:
    """One correction, or its problems; key is the digest of event_id.

    A replacement keeps the stored time if occurred_us is None, and the stored rows if rows is None.
    """

    event_id: str
    key: bytes
    action: str
    occurred_us: int | None = None
    rows: Sequence[Mapping[str, Any]] | None = None
    problems: Sequence[EventProblem] = ()


def find_events(connection: Connection, event_ids: Sequence[str]) -> dict[bytes, StoredEvent]:
    """Digest of the id -> stored event, of those among these ids.

    An id of ours finds the row that it names, with the rows of its event. An event that an older version stored without
    its lead is missing.
    """
    keys = {event_key(event_id): event_id for event_id in event_ids}
    places = {key: place for key, event_id in keys.items() if (place := named_row(event_id)) is not None}
    stored_keys = _stored_keys(connection, places)
    events = _keyed_events(connection, [*keys, *stored_keys.values()])
    for key, place in places.items():
        if key in stored_keys and stored_keys[key] in events:
            events[key] = events[stored_keys[key]]
        elif key not in events and (loaded := _loaded_event(connection, place)) is not None:
            events[key] = loaded
    return events


def _stored_keys(connection: Connection, places: Mapping[bytes, RowPlace]) -> dict[bytes, bytes]:
    """Digest of an id of ours -> the key of the event whose row it names, if the row has one."""
    keys: dict[bytes, bytes] = {}
    for key, place in places.items():
        for table in db.FACTS:
            is_row = (table.c.lead_no == place.lead_no) & (table.c.row_no == place.row_no)
            stored = connection.execute(select(table.c.event_key).where(is_row)).scalar()
            if stored is not None:
                keys[key] = stored
    return keys


def _keyed_events(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, StoredEvent]:
    """The stored events among these keys."""
    events: dict[bytes, StoredEvent] = {}
    for part in in_parts(list(dict.fromkeys(keys)), KEYS_PER_QUERY):
        events |= _leads_of(connection, part)
    for table in db.FACTS:
        for part in in_parts(list(events), KEYS_PER_QUERY):
            _add_rows(connection, table, part, events)
    return events


def _loaded_event(connection: Connection, place: RowPlace) -> StoredEvent | None:
    """The row at this place if it has no key; of an attribute change, all of its moment without a key."""
    leads = db.leads.c
    query = select(leads.lead_no, leads.lead_id, leads.created_us).where(leads.lead_no == place.lead_no)
    lead = connection.execute(query).first()
    for table in db.FACTS if lead is not None else ():
        is_of_lead = (table.c.lead_no == place.lead_no) & table.c.event_key.is_(None)
        row = connection.execute(select(table).where(is_of_lead, table.c.row_no == place.row_no)).first()
        if row is None or lead is None:
            continue
        rows = [row]
        if table is db.attribute_changes:
            same_moment = (table.c.time_us == row.time_us) & (table.c.known_us == row.known_us)
            rows = list(
                connection.execute(select(table).where(is_of_lead, same_moment).order_by(table.c.row_no))
            )
        event = StoredEvent(None, *lead)
        for each in rows:
            event = _with_row(event, table.name, dict(each._mapping))
        return event
    return None


def _leads_of(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, StoredEvent]:
    query = select(db.event_ids.c.event_key, db.leads.c.lead_no, db.leads.c.lead_id, db.leads.c.created_us)
    joined = query.join_from(db.event_ids, db.leads, db.event_ids.c.lead_no == db.leads.c.lead_no)
    rows = connection.execute(joined.where(db.event_ids.c.event_key.in_(keys)))
    return {key: StoredEvent(key, lead_no, lead_id, created_us) for key, lead_no, lead_id, created_us in rows}


def _add_rows(
    connection: Connection, table: Any, keys: Sequence[bytes], events: dict[bytes, StoredEvent]
) -> None:
    """Adds the rows of one table to the events of these keys."""
    leads = {events[key].lead_no for key in keys}
    query = select(table).where(table.c.lead_no.in_(leads), table.c.event_key.in_(keys))
    for row in connection.execute(query.order_by(table.c.row_no)):
        key = row.event_key
        events[key] = _with_row(events[key], table.name, dict(row._mapping))


def _with_row(event: StoredEvent, table: str, row: Mapping[str, Any]) -> StoredEvent:
    """The event with one more row of the store."""
    content = dict(row)
    time_us, known_us = content.pop("time_us"), content.pop("known_us")
    numbers = (*event.row_numbers, content.pop("row_no"))
    del content["lead_no"], content["event_key"]
    return replace(
        event,
        table=table,
        occurred_us=time_us,
        known_us=known_us,
        rows=(*event.rows, content),
        row_numbers=numbers,
    )


def correct_events(transaction: Transaction, requests: Sequence[Sequence[Correction]]) -> list[IngestResult]:
    """Applies the corrections of each request in order; one that changes nothing counts as a duplicate."""
    ids = [correction.event_id for corrections in requests for correction in corrections]
    events = find_events(transaction.connection, ids)
    results = []
    for corrections in requests:
        result = IngestResult()
        for index, correction in enumerate(corrections):
            _correct(transaction, events, correction, index, result)
        results.append(result)
    return results


def _correct(
    transaction: Transaction,
    events: dict[bytes, StoredEvent],
    correction: Correction,
    index: int,
    result: IngestResult,
) -> None:
    before = events.get(correction.key)
    problems = correction.problems or _refusals(correction, before)
    if problems or before is None:
        result.rejected.append(RejectedEvent(index, problems))
        return
    after = _corrected(correction, before)
    if after == before:
        result.duplicates += 1
        return
    problems = _contradictions(transaction, before, after)
    if problems:
        result.rejected.append(RejectedEvent(index, problems))
        return
    after = _write(transaction, correction, before, after)
    # An event may have been found by two ids, its sender's and ours.
    same = [key for key, event in events.items() if event is before]
    events.update(dict.fromkeys(same, after))
    result.accepted += 1


def _refusals(correction: Correction, before: StoredEvent | None) -> list[EventProblem]:
    if before is None:
        message = "no event is stored under this id"
        return [EventProblem("unknown_event", ("event_id",), message)]
    if before.is_retracted and correction.action == REPLACE:
        message = "this event is retracted: send the right one under a new event_id"
        return [EventProblem("retracted", ("event_id",), message)]
    return []


def _corrected(correction: Correction, before: StoredEvent) -> StoredEvent:
    """The event after its correction; its arrival stays."""
    if correction.action == RETRACT:
        return replace(before, rows=())
    occurred_us = before.occurred_us if correction.occurred_us is None else correction.occurred_us
    rows = before.rows if correction.rows is None else tuple(correction.rows)
    times_us = [us for us in (before.known_us, occurred_us) if us is not None]
    return replace(before, occurred_us=occurred_us, known_us=max(times_us, default=None), rows=tuple(rows))


def _contradictions(transaction: Transaction, before: StoredEvent, after: StoredEvent) -> list[EventProblem]:
    """Problems of the corrected event with the clock, its lead, or another interaction's id."""
    if after.is_retracted:
        return []
    problems = []
    if after.occurred_us is not None:
        problems = time_problems(after.table, after.occurred_us, before.created_us, transaction.now_us)
    interaction_id = after.rows[0].get("interaction_id")
    if interaction_id is not None and interaction_id != before.rows[0].get("interaction_id"):
        same_id = select(db.interactions.c.row_no).where(
            db.interactions.c.lead_no == before.lead_no, db.interactions.c.interaction_id == interaction_id
        )
        if transaction.connection.execute(same_id).first() is not None:
            message = "another interaction of the lead has this id"
            problems.append(EventProblem("known_interaction_id", ("data", "interaction_id"), message))
    return problems


def _write(
    transaction: Transaction, correction: Correction, before: StoredEvent, after: StoredEvent
) -> StoredEvent:
    """Replaces the rows, writes the log and queues the lead for a new score; returns the event as it is now stored."""
    connection = transaction.connection
    table = db.metadata.tables[before.table]
    is_of_event = (table.c.lead_no == before.lead_no) & table.c.row_no.in_(before.row_numbers)
    connection.execute(delete(table).where(is_of_event))
    connection.execute(delete(db.packed_rows).where(db.packed_rows.c.lead_no == before.lead_no))
    key = before.key
    if key is None:  # rows without an id get theirs with their first correction
        key = correction.key
        known = {"event_key": key, "lead_no": before.lead_no, "event_id": correction.event_id}
        INSERT_KEYS.run(connection, [known])
    # The log's own row number moves the counter, by which cached reports and scores see that rows have changed.
    added = max(0, len(after.rows) - len(before.row_numbers))
    row_no, *further = transaction.numbers("row_no", 1 + added)
    numbers = (*before.row_numbers, *further)[: len(after.rows)]
    times = {"time_us": after.occurred_us, "known_us": after.known_us}
    rows = [
        {"lead_no": before.lead_no, "row_no": number, **times, **content, "event_key": key}
        for number, content in zip(numbers, after.rows, strict=True)
    ]
    if rows:
        INSERT_FACTS[before.table].run(connection, rows)
    entry = {
        "lead_no": before.lead_no,
        "row_no": row_no,
        "event_id": correction.event_id,
        "action": correction.action,
        "corrected_us": transaction.now_us,
        "digest": before.digest(),
    }
    _INSERT_CORRECTIONS.run(connection, [entry])
    mark_dirty(connection, {before.lead_no: (row_no, *further)[-1]})
    return replace(after, key=key, row_numbers=numbers)


def corrected_digests(connection: Connection, numbers: Sequence[int]) -> set[tuple[int, str]]:
    """(lead_no, digest) of every content of these leads that a correction replaced."""
    digests: set[tuple[int, str]] = set()
    for part in in_parts(list(numbers), KEYS_PER_QUERY):
        digests.update(_CORRECTED.rows(connection, some=part))
    return digests


def last_corrections(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """lead_no -> row_no of its last correction, for those of these leads that have one."""
    rows: dict[int, int] = {}
    for part in in_parts(list(numbers), KEYS_PER_QUERY):
        rows |= dict(_LAST_CORRECTIONS.rows(connection, some=part))
    return rows
