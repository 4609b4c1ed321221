"""Events -> rows of the store, many requests at once: duplicates by event_id and interaction_id, rejections by code."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, select

from serving.base.event import Event, EventProblem, RejectedEvent
from serving.base.limits import AHEAD_US
from serving.store import schema as db
from serving.store.leads import mark_dirty
from serving.store.statements import Insertion, Query, driver, is_sqlite, listed
from serving.store.writer import Transaction

AT_ONCE = 500
INSERTS = {table.name: Insertion(table) for table in db.FACTS}
INSERT_KEYS = Insertion(db.event_ids)
KNOWN_KEYS = Query(select(db.event_ids.c.event_key), among=db.event_ids.c.event_key)
LEADS = Query(select(db.leads.c.lead_id, db.leads.c.lead_no, db.leads.c.created_us), among=db.leads.c.lead_id)
_PAIR = (db.interactions.c.lead_no, db.interactions.c.interaction_id)
_ASKED = listed(*_PAIR)
_IS_ASKED = and_(_PAIR[0] == _ASKED.c[0], _PAIR[1] == _ASKED.c[1], _PAIR[1].is_not(None))
KNOWN_IDS = select(*_PAIR).join_from(_ASKED, db.interactions, _IS_ASKED)
KNOWN_IDS_ON_SQLITE = """
SELECT lead_no, interaction_id FROM json_each(?) AS asked CROSS JOIN interactions
ON lead_no = json_extract(asked.value, '$[0]') AND interaction_id = json_extract(asked.value, '$[1]')
"""  # for pairs in a list it would read the whole index


@cache
def _known_keys_on_sqlite(count: int) -> str:
    return f"SELECT event_key FROM event_ids WHERE event_key IN ({','.join('?' * count)})"


@dataclass
class Ingested:
    """Result of one request's events: counts, and each rejected event with its reasons."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedEvent] = field(default_factory=list)


def store_events(transaction: Transaction, requests: Sequence[Sequence[Event]]) -> list[Ingested]:
    """Stores what is new of each request, in order; an id that comes twice within them counts once."""
    batch = _Batch(transaction, [event for events in requests for event in events])
    results = []
    for events in requests:
        result = Ingested()
        for index, event in enumerate(events):
            batch.take(event, index, result)
        results.append(result)
    batch.write()
    return results


class _Batch:
    """What is known before the batch, and the rows it adds."""

    def __init__(self, transaction: Transaction, events: Sequence[Event]) -> None:
        connection = transaction.connection
        self.transaction = transaction
        self.known = set(_known_keys(connection, [e.key for e in events if e.key is not None]))
        self.leads = dict(_leads(connection, [e.lead_id for e in events if not e.problems]))
        self.ids = set(_known_ids(connection, list(self._given_ids(events))))
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INSERTS}
        self.keys: list[bytes] = []
        self.touched: dict[int, int] = {}

    def _given_ids(self, events: Sequence[Event]) -> Iterator[tuple[int, str]]:
        for event in events:
            given = _interaction_id(event)
            if given is not None and event.lead_id in self.leads:
                yield self.leads[event.lead_id][0], given

    def take(self, event: Event, index: int, result: Ingested) -> None:
        if event.key is not None and event.key in self.known:
            result.duplicates += 1
            return
        problems = event.problems or self._problems(event)
        if problems or event.key is None:
            result.rejected.append(RejectedEvent(index, problems))
            return
        lead_no = self.leads[event.lead_id][0]
        if (given := _interaction_id(event)) is not None:
            if (lead_no, given) in self.ids:
                result.duplicates += 1
                return
            self.ids.add((lead_no, given))
        self._add(event, event.key, lead_no)
        result.accepted += 1

    def _problems(self, event: Event) -> list[EventProblem]:
        if event.lead_id not in self.leads:
            message = "no lead is stored under this id: PUT it first"
            return [EventProblem("unknown_lead", ("lead_id",), message)]
        if event.occurred_us > self.transaction.now_us + AHEAD_US:
            return [EventProblem("time_ahead", ("occurred_at",), "the time is more than 5 minutes ahead")]
        if event.table == "outcomes" and event.occurred_us < self.leads[event.lead_id][1]:
            message = "decided before the lead was created"
            return [EventProblem("closed_before_created", ("occurred_at",), message)]
        return []

    def _add(self, event: Event, key: bytes, lead_no: int) -> None:
        self.known.add(key)
        self.keys.append(key)
        numbers = self.transaction.numbers("row_no", len(event.rows))
        times = {"time_us": event.occurred_us, "known_us": max(event.occurred_us, self.transaction.now_us)}
        for number, row in zip(numbers, event.rows, strict=True):
            self.rows[event.table].append(
                {"lead_no": lead_no, "row_no": number, **times, **row, "event_key": key}
            )
        self.touched[lead_no] = numbers[-1]

    def write(self) -> None:
        connection = self.transaction.connection
        if self.keys:
            INSERT_KEYS.run(connection, [{"event_key": key} for key in self.keys])
        for name, rows in self.rows.items():
            if rows:
                INSERTS[name].run(connection, rows)
        mark_dirty(connection, self.touched)


def _interaction_id(event: Event) -> str | None:
    return event.rows[0]["interaction_id"] if event.table == "interactions" else None


def _known_keys(connection: Connection, keys: Sequence[bytes]) -> Iterator[bytes]:
    """Those of the keys that are stored.

    Keys are bytes, which a JSON list (Query's way) cannot hold; the last one is asked for again up to a power of
    two, so that SQLite meets few statements.
    """
    for some in _parts(keys):
        if is_sqlite(connection):
            count = 1 << (len(some) - 1).bit_length()
            asked = [*some, *[some[-1]] * (count - len(some))]
            yield from (key for (key,) in driver(connection).execute(_known_keys_on_sqlite(count), asked))
        else:
            yield from (key for (key,) in KNOWN_KEYS.rows(connection, some=some))


def _leads(connection: Connection, lead_ids: Sequence[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    for some in _parts(list(dict.fromkeys(lead_ids))):
        for lead_id, lead_no, created_us in LEADS.rows(connection, some=some):
            yield lead_id, (lead_no, created_us)


def _known_ids(connection: Connection, ids: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    for some in _parts(ids):
        if is_sqlite(connection):
            yield from driver(connection).execute(KNOWN_IDS_ON_SQLITE, (json.dumps(some),))
        else:
            numbers, names = map(list, zip(*some, strict=True))
            asked = {"lead_no": numbers, "interaction_id": names}
            yield from ((lead_no, given) for lead_no, given in connection.execute(KNOWN_IDS, asked))


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))
