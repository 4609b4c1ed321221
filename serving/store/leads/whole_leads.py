"""Leads with all their rows and the names of their events by one statement, which needs no transaction.

On a server each statement is a round trip: a transaction with one for each table took nine. A lead whose interactions
are packed comes without rows.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CompoundSelect,
    Double,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    any_,
    cast,
    exists,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from serving.store import schema as db
from serving.store.database.single_reads import SingleReads
from serving.store.database.statements import PreparedQuery, is_among_of_file, is_among_of_server
from serving.store.event_ids import EventNames, names_of
from serving.store.leads.lead_heads import (
    HEADS,
    LAST_ROWS,
    PACKED_THROUGH,
    STORED_SETTINGS,
    LeadHead,
    heads_in,
)
from serving.store.leads.lead_rows import LeadRows, empty_columns
from serving.store.schema import CONTENT, FACT_COLUMNS, KEY_COLUMNS

_SOME, _UNREAD = "some", "unread"  # lists of lead_ids: of all heads, and of the leads whose rows are read

# One row of the result. First its table, 0 for a head, and its keys, by which rows are ordered; then columns by type.
_TABLE, _LEAD_NO, _ROW_NO = range(3)
_INTEGERS: Final = range(1, 9)
_NUMBER: Final = 9
_TEXTS: Final = range(10, 15)
_KEY: Final = 15  # of the event
_WIDTH: Final = 16
_CODE: Final = _INTEGERS[CONTENT]
_EVENT_ID: Final = _TEXTS[-1]


def _heads() -> Select[Any]:
    """The heads of leads, as HEADS has them."""
    leads = db.leads.c
    columns = (leads.lead_no, leads.created_us, PACKED_THROUGH, *LAST_ROWS)
    texts = (leads.lead_id, leads.attributes, *STORED_SETTINGS)
    # The first query of several gives the types of those that are NULL.
    return select(literal_column("0"), *columns, cast(null(), Double), *texts, cast(null(), LargeBinary))


def _head(row: Sequence[Any]) -> LeadHead:
    lead_no, created_us, packed_through, *last_rows = row[1:_NUMBER]
    lead_id, attributes, *settings = row[_NUMBER + 1 : _KEY]
    version = (lead_no, *last_rows)
    return LeadHead(lead_no, lead_id, created_us, attributes, packed_through, tuple(settings), version)


def _places(table: Table) -> tuple[int, ...]:
    """Where the result has KEY_COLUMNS and FACT_COLUMNS of a table."""
    places = list(_INTEGERS[:CONTENT])
    texts = iter(_TEXTS)
    for name in FACT_COLUMNS[table.name][CONTENT - len(KEY_COLUMNS) :]:
        kind = table.c[name].type
        is_code, is_number = isinstance(kind, SmallInteger), isinstance(kind, Double)
        places.append(_CODE if is_code else _NUMBER if is_number else next(texts))
    return tuple(places)


_PLACES: Final = {table.name: _places(table) for table in db.FACTS}


def _rows(number: int, table: Table) -> Select[Any]:
    """The rows of a table with the ids of their events."""
    columns: list[Any] = [null()] * _WIDTH
    columns[_TABLE] = literal_column(str(number))
    names = (*KEY_COLUMNS, *FACT_COLUMNS[table.name])
    for name, place in zip(names, _PLACES[table.name], strict=True):
        columns[place] = table.c[name]
    ids = db.event_ids.c
    columns[_EVENT_ID] = select(ids.event_id).where(ids.event_key == table.c.event_key).scalar_subquery()
    if table is db.attribute_changes:
        columns[_KEY] = table.c.event_key
    return select(*columns)


def _unread(table: Table, is_server: bool) -> Select[Any]:
    """The numbers of the leads whose rows are read."""
    leads = db.leads.c
    is_among = is_among_of_server if is_server else is_among_of_file
    numbers = select(leads.lead_no).where(is_among(leads.lead_id, _UNREAD))
    if table is db.interactions:
        numbers = numbers.where(~exists().where(db.packed_rows.c.lead_no == leads.lead_no))
    return numbers


def _query(is_server: bool) -> CompoundSelect[Any]:
    is_among = is_among_of_server if is_server else is_among_of_file
    parts = [_heads().where(is_among(db.leads.c.lead_id, _SOME))]
    for number, table in enumerate(db.FACTS, start=1):
        leads, lead_no = _unread(table, is_server), table.c.lead_no
        # As an array, PostgreSQL looks up its leads by key, whatever it estimates.
        is_of_lead = lead_no == any_(func.array(leads.scalar_subquery())) if is_server else lead_no.in_(leads)
        parts.append(_rows(number, table).where(is_of_lead))
    return union_all(*parts)


WHOLE_LEADS = PreparedQuery.by_database(_query(is_server=False), _query(is_server=True), (_SOME, _UNREAD))


@dataclass(frozen=True)
class WholeLeads:
    """Leads by lead_id: the heads of those that are stored, and the rows of each that was read, with their names."""

    heads: Mapping[str, LeadHead]
    rows: Mapping[str, LeadRows]
    names: Mapping[str, EventNames]


def whole_leads(reads: SingleReads, lead_ids: Collection[str], unread: Collection[str]) -> WholeLeads | None:
    """The heads of the stored leads among these ids, and the rows of those in `unread` that are not packed.

    None if the database could not answer.
    """
    if not unread:
        rows_of_heads = reads.rows(HEADS, some=list(lead_ids))
        return None if rows_of_heads is None else WholeLeads(heads_in(rows_of_heads), {}, {})
    found = reads.rows(WHOLE_LEADS, some=list(lead_ids), unread=list(unread))
    if found is None:
        return None
    found.sort()  # by its first three columns, of which no two rows have the same
    heads: dict[str, LeadHead] = {}
    tables: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in found:
        if row[_TABLE]:
            tables[row[_LEAD_NO], row[_TABLE]].append(row)
        else:
            head = _head(row)
            heads[head.lead_id] = head
    rows: dict[str, LeadRows] = {}
    names: dict[str, EventNames] = {}
    for lead_id in unread:
        lead = heads.get(lead_id)
        if lead is not None and lead.packed_through is None:
            of_lead = [tables.get((lead.lead_no, number), []) for number in range(1, len(db.FACTS) + 1)]
            rows[lead_id] = LeadRows([lead.row()], dict(map(_columns, db.FACTS, of_lead)))
            names[lead_id] = _names(lead.lead_no, of_lead)
    return WholeLeads(heads, rows, names)


def _columns(table: Table, rows: Sequence[Sequence[Any]]) -> tuple[str, Any]:
    """The name of a table and its rows as columns (LeadRows)."""
    if not rows:
        return table.name, empty_columns(table.name)
    columns = list(zip(*rows, strict=True))
    return table.name, [columns[place] for place in _PLACES[table.name]]


def _names(lead_no: int, tables: Sequence[Sequence[Sequence[Any]]]) -> EventNames:
    given = {row[_ROW_NO]: row[_EVENT_ID] for rows in tables for row in rows if row[_EVENT_ID] is not None}
    keys = {row[_ROW_NO]: row[_KEY] for row in tables[-1] if row[_KEY] is not None}
    return names_of(lead_no, keys, given)
