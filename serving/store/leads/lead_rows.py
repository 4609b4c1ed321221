"""Stored leads with their fact rows, as columns."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Select, Table, bindparam, null, select

from history.base.arrays import Ints
from history.history import DIRECTIONS, STATES, Factor
from history.text.values import value_text
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery, in_parts, is_sqlite
from serving.store.leads.interaction_columns import interaction_columns
from serving.store.schema import FACT_COLUMNS, KEY_COLUMNS, LEAD_NO, ROW_ID, ROW_NO

LEADS_PER_QUERY = 900
STATE_TEXT = {code: name for name, code in STATES.items()}
DIRECTION_TEXT = {code: name for name, code in DIRECTIONS.items()}
Columns = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class LeadRow:
    """A stored lead; `attributes` are its values at creation as JSON scalars."""

    lead_no: int
    lead_id: str
    created_us: int
    attributes: Mapping[str, Any]


class Cut(NamedTuple):
    """A lead, by its position, with its rows up to and including `through_row`."""

    position: int
    through_row: int


@dataclass(frozen=True)
class LeadRows:
    """Leads in order. `tables` holds the rows of each fact table as columns: KEY_COLUMNS, then FACT_COLUMNS.

    The rows of each table are in the order of their lead_no, then row_no. Interactions may be arrays and Factors,
    without ids (serving/store/leads/packed_rows.py, serving/store/leads/interaction_columns.py). end_us: the end of the
    stored data, from which on a decision without a time holds; 0 if no instant of interest lies before it.
    """

    leads: Sequence[LeadRow]
    tables: Mapping[str, Columns]
    end_us: int = 0

    def only(self, position: int) -> "LeadRows":
        """The lead at this position alone."""
        if len(self.leads) == 1:
            return self
        lead_no = self.leads[position].lead_no
        tables = {}
        for name, columns in self.tables.items():
            start, stop = bisect_left(columns[LEAD_NO], lead_no), bisect_right(columns[LEAD_NO], lead_no)
            tables[name] = [_part(column, start, stop) for column in columns]
        return LeadRows([self.leads[position]], tables, self.end_us)

    def cut(self, cuts: Sequence[Cut]) -> "LeadRows":
        """One lead for each cut, in their order and numbered by it; a lead may occur several times."""
        leads = [replace(self.leads[cut.position], lead_no=i) for i, cut in enumerate(cuts)]
        numbers = np.array([self.leads[cut.position].lead_no for cut in cuts], dtype=np.int64)
        through_rows = [cut.through_row for cut in cuts]
        tables = {name: _cut_table(columns, numbers, through_rows) for name, columns in self.tables.items()}
        return LeadRows(leads, tables, self.end_us)


def _cut_table(columns: Columns, numbers: Ints, through_rows: Sequence[int]) -> Columns:
    """The rows of each cut: of the lead of this number up to and including this row."""
    if not len(columns[LEAD_NO]):
        return columns
    lead_no, row_no = (np.asarray(columns[key], dtype=np.int64) for key in (LEAD_NO, ROW_NO))
    starts, ends = (np.searchsorted(lead_no, numbers, side).tolist() for side in ("left", "right"))
    places = [
        np.arange(start, start + np.searchsorted(row_no[start:end], through_row, "right"))
        for start, end, through_row in zip(starts, ends, through_rows, strict=True)
    ]
    rows = np.concatenate(places)
    new_numbers = np.repeat(np.arange(len(places)), [len(of_cut) for of_cut in places])
    return [new_numbers, *(_taken(column, rows) for column in columns[ROW_NO:])]


def _part(column: Any, start: int, stop: int) -> Any:
    return column.take(slice(start, stop)) if isinstance(column, Factor) else column[start:stop]


def _taken(column: Any, rows: Ints) -> Any:
    """The rows of a column, which may be empty instead."""
    if isinstance(column, Factor):
        return column.take(rows)
    if isinstance(column, np.ndarray):
        return column[rows]
    return [column[row] for row in rows.tolist()] if len(column) else column


def value_in(column: Any, row: int) -> Any:
    """One row of a column; None of an empty one."""
    if isinstance(column, Factor):
        return column.text(row)
    if isinstance(column, np.ndarray):
        return column[row].item()
    return column[row] if len(column) else None


def text_in(column: Sequence[str | None] | Factor, row: int) -> str | None:
    """The text of one row of a column."""
    return column.text(row) if isinstance(column, Factor) else column[row]


def fact_query(table: Table, with_ids: bool = True) -> Select[Any]:
    """KEY_COLUMNS and FACT_COLUMNS of a fact table, in the order of its rows; without ids, all of them are NULL."""
    names = (*KEY_COLUMNS, *FACT_COLUMNS[table.name])
    columns = (null() if name == ROW_ID and not with_ids else table.c[name] for name in names)
    return select(*columns).order_by(table.c.lead_no, table.c.row_no)


class FactQueries:
    """Prepared queries for the rows of one lead, of leads with consecutive numbers, and of any leads."""

    def __init__(self, table: Table, with_ids: bool = True) -> None:
        lead_no, query = table.c.lead_no, fact_query(table, with_ids)
        is_between = lead_no.between(bindparam("first"), bindparam("last"))
        self.of_one = PreparedQuery(query.where(lead_no == bindparam("lead_no")))
        self.of_range = PreparedQuery(query.where(is_between))
        self.of_some = PreparedQuery(query, among=lead_no)

    def for_leads(self, numbers: Sequence[int]) -> Iterator[tuple[PreparedQuery, dict[str, Any]]]:
        """The cheapest queries, with their parameters, for leads of these sorted numbers."""
        if len(numbers) == 1:
            yield self.of_one, {"lead_no": numbers[0]}
        elif numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
            # Tables are clustered by lead: consecutive leads are one scan.
            yield self.of_range, {"first": numbers[0], "last": numbers[-1]}
        else:
            for part in in_parts(numbers, LEADS_PER_QUERY):
                yield self.of_some, {"some": part}


FACT_QUERIES = {table.name: FactQueries(table) for table in db.FACTS}
QUERIES_WITHOUT_IDS = {table.name: FactQueries(table, with_ids=False) for table in db.FACTS}
LEADS_BY_ID = PreparedQuery(select(db.leads), among=db.leads.c.lead_id)


def lead_row(row: Sequence[Any]) -> LeadRow:
    """A row of the table `leads`."""
    lead_no, lead_id, created_us, attributes = row[:4]
    return LeadRow(lead_no, lead_id, created_us, json.loads(attributes))


def find_leads(connection: Connection, lead_ids: Sequence[str]) -> dict[str, LeadRow]:
    """The stored leads among these ids."""
    leads: dict[str, LeadRow] = {}
    for part in in_parts(lead_ids, LEADS_PER_QUERY):
        for row in LEADS_BY_ID.rows(connection, some=part):
            lead = lead_row(row)
            leads[lead.lead_id] = lead
    return leads


def rows_of(
    connection: Connection, leads: Sequence[LeadRow], with_ids: bool = True, but: str = ""
) -> LeadRows:
    """All fact rows of these leads, but those of one table; with_ids=False leaves out the ids of interactions, which no
    score needs."""
    names = [name for name in FACT_QUERIES if name != but]
    return LeadRows(leads, fact_columns(connection, [lead.lead_no for lead in leads], names, with_ids))


def fact_columns(
    connection: Connection, numbers: Sequence[int], names: Collection[str], with_ids: bool = False
) -> dict[str, Columns]:
    """The rows of the leads of these numbers in the fact tables of these names, as columns; other tables are empty."""
    numbers = sorted(numbers)
    return {
        name: _table_columns(connection, numbers, name, with_ids) if name in names else empty_columns(name)
        for name in FACT_QUERIES
    }


def _table_columns(connection: Connection, numbers: Sequence[int], name: str, with_ids: bool) -> Columns:
    """The rows of the leads of these sorted numbers in one table."""
    if name == db.interactions.name and not with_ids and is_sqlite(connection):
        arrays = interaction_columns(connection, numbers)
        if arrays is not None:
            return arrays
    queries = (FACT_QUERIES if with_ids else QUERIES_WITHOUT_IDS)[name]
    rows: list[Any] = []
    for query, parameters in queries.for_leads(numbers):
        rows.extend(query.rows(connection, **parameters))
    return list(zip(*rows, strict=True)) if rows else empty_columns(name)


def empty_columns(table: str) -> Columns:
    """The columns of a fact table without a row."""
    return [()] * (len(KEY_COLUMNS) + len(FACT_COLUMNS[table]))


@lru_cache(maxsize=65_536)  # a store has few distinct values, each of which thousands of rows repeat
def scalar_text(stored: str | None) -> str | None:
    """A change's stored JSON scalar as the text that a History holds; None for a cleared value."""
    return value_text(scalar_value(stored))


def scalar_value(stored: str | None) -> Any:
    """A change's stored JSON scalar as the caller sent it."""
    return None if stored is None else json.loads(stored)
