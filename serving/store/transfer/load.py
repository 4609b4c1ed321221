"""Loads a data folder's History into the store; loading it again adds nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, delete

from history.base.errors import InvalidInput
from history.base.progress import Progress
from history.config.schema import ACCOUNT
from history.history import Costs, History
from serving.base.limits import MAX_KEY
from serving.store import schema as db
from serving.store.config import add_attribute_names, store_config
from serving.store.corrections import content_digest, corrected_digests
from serving.store.database.engine import StoreEngine
from serving.store.database.statements import PreparedInsert
from serving.store.database.transaction import Transaction
from serving.store.events import INSERT_FACTS
from serving.store.leads.lead_rows import Columns, LeadRow, LeadRows, find_leads, rows_of
from serving.store.leads.leads import LOAD, compact_json, current_attributes, mark_dirty
from serving.store.schema import FACT_COLUMNS, LEAD_NO, TIME_US
from serving.store.transfer.folder_rows import FactRows, Row, Span, fact_rows, texts

# Of one transaction: the service's writes wait for it.
LEADS_PER_TRANSACTION = 2_000
ROWS_PER_TRANSACTION = 20_000
CONFLICTS_NAMED = 3
CONTENT_AT = 3  # place in a folder's row behind lead_no, time_us and known_us
_INSERT_LEADS = PreparedInsert(db.leads)


@dataclass
class Loaded:
    """What a load added; `conflicts` names the first stored leads whose created_at the folder contradicts."""

    leads: int = 0
    leads_known: int = 0
    rows: dict[str, int] = field(default_factory=lambda: {table.name: 0 for table in db.FACTS})
    rows_known: int = 0
    attributes_changed: int = 0
    conflict_count: int = 0
    conflicts: list[str] = field(default_factory=list)


def load_history(
    engine: StoreEngine, history: History, now_us: Callable[[], int], progress: Progress
) -> Loaded:
    """Adds the rows that the store does not have yet, in transactions of some thousand rows.

    A stored lead keeps its creation. An attribute whose value differs from both its value at creation and its current
    one is stored as a change at this moment. Of equal rows without an id, the store has as many as the folder. A row
    that a correction has retracted or replaced stays away.
    """
    if engine.path is None:
        _check_ids(history)
    load = _Load(history, fact_rows(history))
    lead_count = max(1, len(history))
    text = f"loading {lead_count} leads"
    progress(text, 0.0)
    for start, stop in _spans(history):
        with engine.writing() as connection:
            transaction = Transaction(connection, now_us())
            load.add(transaction, start, stop)
            transaction.finish()
        progress(text, stop / lead_count)
    with engine.writing() as connection:
        store_config(connection, history.config)
        add_attribute_names(connection, list(history.attributes))
        if history.costs is not None:
            _replace_costs(connection, history.costs)
    progress(text, 1.0)
    return load.loaded


def _check_ids(history: History) -> None:
    """Raises InvalidInput for interaction ids that PostgreSQL cannot index."""
    ids = history.interactions.ids or []
    too_long = [i for i, text in enumerate(ids) if text is not None and len(text) > MAX_KEY]
    if too_long:
        lead = int(np.searchsorted(history.interactions.offsets, too_long[0], side="right")) - 1
        raise InvalidInput(
            f"{len(too_long)} interaction_id have more than {MAX_KEY} characters, the first one of lead "
            f"{history.lead_ids[lead]!r}: PostgreSQL cannot index them. Shorten them, or use SQLite."
        )


def _spans(history: History) -> Iterator[tuple[int, int]]:
    """Ranges start:stop of leads, one for each transaction."""
    tables = (history.interactions, history.stages, history.outcomes, history.changes)
    rows_of_lead = sum(np.diff(table.offsets) for table in tables)
    ends = np.concatenate(([0], np.cumsum(rows_of_lead)))
    start = 0
    while start < len(history):
        stop = int(np.searchsorted(ends, ends[start] + ROWS_PER_TRANSACTION, side="right")) - 1
        stop = min(max(stop, start + 1), start + LEADS_PER_TRANSACTION, len(history))
        yield start, stop
        start = stop


class _Load:
    """A load in progress."""

    def __init__(self, history: History, tables: Mapping[str, FactRows]) -> None:
        self.history = history
        self.tables = tables
        self.loaded = Loaded()

    def add(self, transaction: Transaction, start: int, stop: int) -> None:
        """Adds the leads start:stop."""
        lead_ids = self.history.lead_ids[start:stop]
        known = find_leads(transaction.connection, lead_ids)
        span = Span(start, stop, self._lead_numbers(transaction, start, stop, known))
        stored = rows_of(transaction.connection, list(known.values())) if known else None
        last_rows = self._add_facts(transaction, span, stored)
        if stored is not None:
            changes = list(self._changed_attributes(transaction.now_us, span, stored))
            insert_facts(transaction, db.attribute_changes, changes, last_rows)
            self.loaded.attributes_changed += len(changes)
        known_numbers = {lead.lead_no for lead in known.values()}
        for lead_no in span.lead_numbers:
            if lead_no not in known_numbers:
                last_rows.setdefault(lead_no, 0)  # a new lead without rows needs a score too
        mark_dirty(transaction.connection, last_rows, LOAD)
        self.loaded.leads += len(lead_ids) - len(known)
        self.loaded.leads_known += len(known)

    def _lead_numbers(
        self, transaction: Transaction, start: int, stop: int, known: Mapping[str, LeadRow]
    ) -> list[int]:
        """The lead_no of each lead start:stop; inserts those that are not stored."""
        history = self.history
        columns = {name: texts(factor, start, stop) for name, factor in history.attributes.items()}
        new_numbers = iter(transaction.numbers("lead_no", stop - start - len(known)))
        numbers, rows = [], []
        for i, lead_id in enumerate(history.lead_ids[start:stop]):
            if lead_id in known:
                numbers.append(known[lead_id].lead_no)
                continue
            lead_no = next(new_numbers)
            attributes = {name: column[i] for name, column in columns.items() if column[i] is not None}
            row = {
                "lead_no": lead_no,
                "lead_id": lead_id,
                "created_us": int(history.created_us[start + i]),
                "attributes": compact_json(attributes),
                "account": attributes.get(ACCOUNT),
            }
            numbers.append(lead_no)
            rows.append(row)
        if rows:
            _INSERT_LEADS.run(transaction.connection, rows)
        return numbers

    def _add_facts(self, transaction: Transaction, span: Span, stored: LeadRows | None) -> dict[int, int]:
        """Inserts the rows that are not stored; returns lead_no -> last row_no of the leads that got any."""
        last_rows: dict[int, int] = {}
        known = [] if stored is None else [lead.lead_no for lead in stored.leads]
        corrected = corrected_digests(transaction.connection, known)
        for table in db.FACTS:
            rows = self.tables[table.name].rows(span)
            if stored is not None:
                new_rows = _not_stored(rows, stored.tables[table.name], has_id=table is db.interactions)
                new_rows = _not_corrected(table, new_rows, corrected)
                self.loaded.rows_known += len(rows) - len(new_rows)
                rows = new_rows
            insert_facts(transaction, table, rows, last_rows)
            self.loaded.rows[table.name] += len(rows)
        return last_rows

    def _changed_attributes(self, now_us: int, span: Span, stored: LeadRows) -> Iterator[Row]:
        """Attribute changes of stored leads, in the folder's order of leads; counts contradicting created_at."""
        history = self.history
        columns = {name: texts(factor, span.start, span.stop) for name, factor in history.attributes.items()}
        positions = {lead_id: i for i, lead_id in enumerate(history.lead_ids[span.start : span.stop])}
        # Stored leads come in the database's order; row numbers must not depend on it.
        pairs = zip(stored.leads, current_attributes(stored), strict=True)
        for lead, current in sorted(pairs, key=lambda pair: positions[pair[0].lead_id]):
            i = positions[lead.lead_id]
            if lead.created_us != int(history.created_us[span.start + i]):
                self._note_conflict(lead.lead_id)
            for name, column in columns.items():
                value = column[i]
                if value is not None and value != current.at_creation(name) and value != current.text(name):
                    yield lead.lead_no, now_us, now_us, name, compact_json(value)

    def _note_conflict(self, lead_id: str) -> None:
        self.loaded.conflict_count += 1
        if len(self.loaded.conflicts) < CONFLICTS_NAMED:
            self.loaded.conflicts.append(lead_id)


def _not_stored(rows: Sequence[Row], columns: Columns, has_id: bool) -> list[Row]:
    """The rows beyond their equals in the store.

    With has_id the last column is an id: a row whose id is stored for its lead is known, whatever else it holds.
    """
    stored = Counter((row[LEAD_NO], *row[TIME_US:]) for row in zip(*columns, strict=True))
    stored_ids = {(row[LEAD_NO], row[-1]) for row in stored if row[-1] is not None} if has_id else set()
    missing = []
    for row in rows:
        if has_id and row[-1] is not None:
            if (row[LEAD_NO], row[-1]) not in stored_ids:
                missing.append(row)
        elif stored[row] > 0:
            stored[row] -= 1
        else:
            missing.append(row)
    return missing


def _not_corrected(table: Table, rows: Sequence[Row], corrected: Set[tuple[int, str]]) -> list[Row]:
    """The rows without those that a correction has retracted or replaced; changes of one moment are one event."""
    if not corrected:
        return list(rows)
    names = FACT_COLUMNS[table.name][2:]
    moments: dict[Any, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        is_change = table is db.attribute_changes
        moments[row[:CONTENT_AT] if is_change else number].append(row)
    new_rows = []
    for of_event in moments.values():
        lead_no, time_us, *_ = of_event[0]
        content = [dict(zip(names, row[CONTENT_AT:], strict=True)) for row in of_event]
        if (lead_no, content_digest(table.name, time_us, content)) not in corrected:
            new_rows += of_event
    return new_rows


def insert_facts(
    transaction: Transaction, table: Table, rows: Sequence[Row], last_rows: dict[int, int]
) -> None:
    """Inserts the rows and records the last row_no of each lead in last_rows."""
    if not rows:
        return
    names = ("lead_no", *FACT_COLUMNS[table.name])
    numbers = transaction.numbers("row_no", len(rows))
    values: list[dict[str, Any]] = [
        {"row_no": row_no, "event_key": None, **dict(zip(names, row, strict=True))}
        for row_no, row in zip(numbers, rows, strict=True)
    ]
    INSERT_FACTS[table.name].run(transaction.connection, values)
    for row_no, row in zip(numbers, rows, strict=True):
        last_rows[row[LEAD_NO]] = row_no


def _replace_costs(connection: Connection, costs: Costs) -> None:
    """Replaces the stored costs by those of the folder loaded last."""
    connection.execute(delete(db.costs))
    count = len(costs.amount)
    columns = {
        "cost_no": range(count),
        "start_us": costs.start_us.tolist(),
        "end_us": costs.end_us.tolist(),
        "amount": costs.amount.tolist(),
        "channel": texts(costs.channel, 0, count),
        "source": texts(costs.source, 0, count),
    }
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if rows:
        connection.execute(db.costs.insert(), rows)
