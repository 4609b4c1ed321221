"""Corrections of stored events: a wrong one is retracted or replaced, and a log keeps that it was, without its content.

The corrected rows read as if the event had arrived right: they keep the first version's arrival and order, so that
training, history and funnel of past days follow. The id stays known: the wrong event, sent again, is a duplicate.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from serving.base.event import EventProblem, RejectedEvent
from serving.store import schema as db
from serving.store.database.statements import PreparedInsert, PreparedQuery, in_parts
from serving.store.database.transaction import Transaction
from serving.store.events import INSERT_FACTS, IngestResult, time_problems
from serving.store.leads import mark_dirty

RETRACT: Final = "retract"
REPLACE: Final = "replace"
KEYS_PER_QUERY = 500

_INSERT_CORRECTIONS = PreparedInsert(db.corrections)
_LAST_CORRECTIONS = PreparedQuery(
    select(db.corrections.c.lead_no, func.max(db.corrections.c.row_no)).group_by(db.corrections.c.lead_no),
    among=db.corrections.c.lead_no,
)


@dataclass(frozen=True)
class StoredEvent:
    """A stored event with its rows, which hold neither keys nor times; a retracted one has no rows.

    occurred_us and known_us are microseconds UTC; row_numbers are the rows' positions in the order of arrival.
    """

    lead_no: int
    lead_id: str
    created_us: int
    table: str = ""
    occurred_us: int = 0
    known_us: int = 0
    rows: Sequence[Mapping[str, Any]] = ()
    row_numbers: Sequence[int] = ()

    @property
    def is_retracted(self) -> bool:
        return not self.rows

    def digest(self) -> str:
        """SHA-256 of the content, for the log."""
        content = json.dumps([self.table, self.occurred_us, list(self.rows)], sort_keys=True)
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


def find_events(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, StoredEvent]:
    """The stored events among these keys; one that an older version stored without its lead is missing."""
    events: dict[bytes, StoredEvent] = {}
    for part in in_parts(list(dict.fromkeys(keys)), KEYS_PER_QUERY):
        events |= _leads_of(connection, part)
    for table in db.FACTS:
        for part in in_parts(list(events), KEYS_PER_QUERY):
            _add_rows(connection, table, part, events)
    return events


def _leads_of(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, StoredEvent]:
    query = select(db.event_ids.c.event_key, db.leads.c.lead_no, db.leads.c.lead_id, db.leads.c.created_us)
    joined = query.join_from(db.event_ids, db.leads, db.event_ids.c.lead_no == db.leads.c.lead_no)
    rows = connection.execute(joined.where(db.event_ids.c.event_key.in_(keys)))
    return {key: StoredEvent(lead_no, lead_id, created_us) for key, lead_no, lead_id, created_us in rows}


def _add_rows(
    connection: Connection, table: Any, keys: Sequence[bytes], events: dict[bytes, StoredEvent]
) -> None:
    """Adds the rows of one table to the events of these keys."""
    leads = {events[key].lead_no for key in keys}
    query = select(table).where(table.c.lead_no.in_(leads), table.c.event_key.in_(keys))
    for row in connection.execute(query.order_by(table.c.row_no)):
        content = dict(row._mapping)
        key, time_us, known_us = content.pop("event_key"), content.pop("time_us"), content.pop("known_us")
        del content["lead_no"]
        numbers = (*events[key].row_numbers, content.pop("row_no"))
        events[key] = replace(
            events[key],
            table=table.name,
            occurred_us=time_us,
            known_us=known_us,
            rows=(*events[key].rows, content),
            row_numbers=numbers,
        )


def correct_events(transaction: Transaction, requests: Sequence[Sequence[Correction]]) -> list[IngestResult]:
    """Applies the corrections of each request in order; one that changes nothing counts as a duplicate."""
    keys = [correction.key for corrections in requests for correction in corrections]
    events = find_events(transaction.connection, keys)
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
    problems = _contradictions(transaction, correction.key, before, after)
    if problems:
        result.rejected.append(RejectedEvent(index, problems))
        return
    numbers = _write(transaction, correction, before, after)
    events[correction.key] = replace(after, row_numbers=numbers)
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
    return replace(
        before, occurred_us=occurred_us, known_us=max(before.known_us, occurred_us), rows=tuple(rows)
    )


def _contradictions(
    transaction: Transaction, key: bytes, before: StoredEvent, after: StoredEvent
) -> list[EventProblem]:
    """Problems of the corrected event with the clock, its lead, or another interaction's id."""
    if after.is_retracted:
        return []
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
) -> Sequence[int]:
    """Replaces the rows, writes the log and queues the lead for a new score; returns the rows' numbers."""
    connection = transaction.connection
    table = db.metadata.tables[before.table]
    is_of_event = (table.c.lead_no == before.lead_no) & (table.c.event_key == correction.key)
    connection.execute(delete(table).where(is_of_event))
    # The log's own row number moves the counter, by which cached reports and scores see that rows have changed.
    added = max(0, len(after.rows) - len(before.row_numbers))
    row_no, *further = transaction.numbers("row_no", 1 + added)
    numbers = (*before.row_numbers, *further)[: len(after.rows)]
    times = {"time_us": after.occurred_us, "known_us": after.known_us}
    rows = [
        {"lead_no": before.lead_no, "row_no": number, **times, **content, "event_key": correction.key}
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
    return numbers


def last_corrections(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """lead_no -> row_no of its last correction, for those of these leads that have one."""
    rows: dict[int, int] = {}
    for part in in_parts(list(numbers), KEYS_PER_QUERY):
        rows |= dict(_LAST_CORRECTIONS.rows(connection, some=part))
    return rows
