"""Stored rows -> History: the same arrays the doors make, for a few leads or for all."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, Table, bindparam, select

from history.arrays import Floats, Ints, Mask
from history.config import FunnelConfig
from history.history import (
    DIRECTIONS,
    OPEN,
    STATES,
    Changes,
    Factor,
    History,
    Interactions,
    Outcomes,
    Stages,
    no_changes,
    no_interactions,
    no_outcomes,
    no_stages,
)
from history.values import value_text
from serving.store import schema as db
from serving.store.statements import Query

AT_ONCE = 900  # leads of one query by number
STATE_TEXT = {code: name for name, code in STATES.items()}
DIRECTION_TEXT = {code: name for name, code in DIRECTIONS.items()}
Columns = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class LeadRow:
    """A stored lead; attributes are its values at creation as JSON scalars."""

    lead_no: int
    lead_id: str
    created_us: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class LeadRows:
    """Leads in order, with the rows of each table as columns."""

    leads: Sequence[LeadRow]
    tables: Mapping[str, Columns]  # table name -> one sequence a column, lead_no and row_no first

    def only(self, position: int) -> "LeadRows":
        """The lead at that position alone; the rows of each table are in the order of its leads' numbers."""
        number = self.leads[position].lead_no
        tables = {}
        for name, columns in self.tables.items():
            begin, end = bisect_left(columns[0], number), bisect_right(columns[0], number)
            tables[name] = [column[begin:end] for column in columns]
        return LeadRows([self.leads[position]], tables)

    def until(self, wanted: Sequence[tuple[int, int]]) -> "LeadRows":
        """One lead for each (position, row_no): that lead with only its rows up to row_no; a lead may come twice."""
        leads = [
            LeadRow(i, self.leads[p].lead_id, self.leads[p].created_us, self.leads[p].attributes)
            for i, (p, _) in enumerate(wanted)
        ]
        by_number: dict[int, list[tuple[int, int]]] = {}
        for i, (position, last) in enumerate(wanted):
            by_number.setdefault(self.leads[position].lead_no, []).append((i, last))
        tables = {name: _until(columns, by_number) for name, columns in self.tables.items()}
        return LeadRows(leads, tables)


def _until(columns: Columns, by_number: Mapping[int, Sequence[tuple[int, int]]]) -> Columns:
    rows = [
        (i, *row[1:])
        for row in zip(*columns, strict=True)
        for i, last in by_number.get(row[0], ())
        if row[1] <= last
    ]
    rows.sort(key=lambda row: (row[0], row[1]))
    return list(zip(*rows, strict=True)) if rows else [()] * len(columns)


FACT_COLUMNS: dict[str, tuple[str, ...]] = {
    "interactions": ("time_us", "known_us", "kind", "channel", "direction", "value", "interaction_id"),
    "stages": ("time_us", "known_us", "stage"),
    "outcomes": ("time_us", "known_us", "state", "amount", "reason"),
    "attribute_changes": ("time_us", "known_us", "attribute", "value"),
}


def fact_query(table: Table, *more: str) -> Select[Any]:
    """lead_no, row_no and the content of a fact table, in the order of its rows."""
    names = ("lead_no", "row_no", *FACT_COLUMNS[table.name], *more)
    return select(*(table.c[name] for name in names)).order_by(table.c.lead_no, table.c.row_no)


class FactQueries:
    """The rows of one lead, of neighbours and of any leads."""

    def __init__(self, table: Table) -> None:
        number = table.c.lead_no
        self.one = Query(fact_query(table).where(number == bindparam("number")))
        self.between = Query(fact_query(table).where(number.between(bindparam("first"), bindparam("last"))))
        self.some = Query(fact_query(table), among=number)


FACT_QUERIES = {table.name: FactQueries(table) for table in db.FACTS}
LEADS_BY_ID = Query(select(db.leads), among=db.leads.c.lead_id)


def lead_row(row: Sequence[Any]) -> LeadRow:
    number, lead_id, created_us, attributes = row
    return LeadRow(number, lead_id, created_us, json.loads(attributes))


def find_leads(connection: Connection, lead_ids: Sequence[str]) -> dict[str, LeadRow]:
    """The stored leads among these ids."""
    found: dict[str, LeadRow] = {}
    for start in range(0, len(lead_ids), AT_ONCE):
        for row in LEADS_BY_ID.rows(connection, some=lead_ids[start : start + AT_ONCE]):
            found[row[1]] = lead_row(row)
    return found


def rows_of(connection: Connection, leads: Sequence[LeadRow]) -> LeadRows:
    """Every row of these leads; by range where they are neighbours, else by number."""
    numbers = sorted(lead.lead_no for lead in leads)
    tables: dict[str, Columns] = {}
    for table in db.FACTS:
        rows: list[Any] = []
        for query, values in _queries(FACT_QUERIES[table.name], numbers):
            rows.extend(query.rows(connection, **values))
        tables[table.name] = (
            list(zip(*rows, strict=True)) if rows else [()] * (len(FACT_COLUMNS[table.name]) + 2)
        )
    return LeadRows(leads, tables)


def _queries(queries: FactQueries, numbers: Sequence[int]) -> Iterator[tuple[Query, dict[str, Any]]]:
    if len(numbers) == 1:
        yield queries.one, {"number": numbers[0]}
    elif numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        yield queries.between, {"first": numbers[0], "last": numbers[-1]}
    else:
        for start in range(0, len(numbers), AT_ONCE):
            yield queries.some, {"some": numbers[start : start + AT_ONCE]}


def history_of(rows: LeadRows, config: FunnelConfig, as_of_us: int) -> History:
    """The History of these leads in their order, with what is visible at as_of_us; later leads are not for it."""
    place = _Places([lead.lead_no for lead in rows.leads])
    created = np.array([lead.created_us for lead in rows.leads], dtype=np.int64)
    return History(
        config=config,
        as_of_us=as_of_us,
        lead_ids=[lead.lead_id for lead in rows.leads],
        created_us=created,
        attributes=_attributes(rows.leads, frozenset(config.ignore)),
        interactions=_interactions(rows.tables["interactions"], place, as_of_us),
        stages=_stages(rows.tables["stages"], place, as_of_us),
        outcomes=_outcomes(rows.tables["outcomes"], place, created, config.horizon_us, as_of_us),
        changes=_changes(rows.tables["attribute_changes"], place, frozenset(config.ignore), as_of_us),
    )


class _Places:
    """lead_no -> position among the leads asked for."""

    def __init__(self, numbers: Sequence[int]) -> None:
        given = np.array(numbers, dtype=np.int64)
        self.count = len(given)
        self.order = np.argsort(given, kind="stable")
        self.numbers = given[self.order]

    def of(self, lead_no: Sequence[int]) -> Ints:
        found = np.searchsorted(self.numbers, np.array(lead_no, dtype=np.int64))
        return np.asarray(self.order[found], dtype=np.int64)


@dataclass(frozen=True)
class _Order:
    """Which fetched rows are visible, in the log's order, and where each lead's begin."""

    index: npt.NDArray[np.intp]
    offsets: Ints
    time_us: Ints
    known_us: Ints

    def texts(self, column: Sequence[str | None]) -> Factor:
        return factor([column[i] for i in self.index.tolist()])


def _ordered(
    where: Ints, count: int, keys: tuple[Ints, Ints], rows: Mask, known_first: bool = False
) -> _Order:
    """The wanted rows by lead and time, ties by known_us where asked; a stable sort keeps the order of arrival."""
    time_us, known_us = keys
    index = np.lexsort((known_us, time_us, where) if known_first else (time_us, where))
    index = index[rows[index]]
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(where[index], minlength=count), out=offsets[1:])
    return _Order(index, offsets, time_us[index], known_us[index])


def _dated(columns: Columns, place: _Places, as_of_us: int) -> _Order:
    time_us = np.array(columns[2], dtype=np.int64)
    known_us = np.array(columns[3], dtype=np.int64)
    return _ordered(place.of(columns[0]), place.count, (time_us, known_us), known_us <= as_of_us)


def _interactions(columns: Columns, place: _Places, as_of_us: int) -> Interactions:
    if not columns[0]:
        return no_interactions(place.count)
    order = _dated(columns, place, as_of_us)
    _, _, _, _, kind, channel, direction, value, ids = columns
    return Interactions(
        offsets=order.offsets,
        time_us=order.time_us,
        known_us=order.known_us,
        kind=order.texts(kind),
        channel=order.texts(channel),
        direction=np.array(direction, dtype=np.int8)[order.index],
        value=_floats(value)[order.index],
        ids=[ids[i] for i in order.index.tolist()] if any(ids) else None,
    )


def _stages(columns: Columns, place: _Places, as_of_us: int) -> Stages:
    if not columns[0]:
        return no_stages(place.count)
    order = _dated(columns, place, as_of_us)
    return Stages(order.offsets, order.time_us, order.known_us, order.texts(columns[4]))


def _outcomes(columns: Columns, place: _Places, created: Ints, horizon_us: int, as_of_us: int) -> Outcomes:
    """What no column dates is decided a horizon after the creation; an open row without a time decides nothing."""
    if not columns[0]:
        return no_outcomes(place.count)
    _, _, closed, known, state, amount, reason = columns
    where = place.of(columns[0])
    states = np.array(state, dtype=np.int8)
    undated = np.array([t is None for t in known], dtype=np.bool_)
    implied = np.array([t is None for t in closed], dtype=np.bool_)
    known_us = np.array([t or 0 for t in known], dtype=np.int64)
    known_us = np.where(undated, created[where] + horizon_us, known_us)
    time_us = np.where(implied, known_us, np.array([t or 0 for t in closed], dtype=np.int64))
    rows = ~(undated & (states == OPEN)) & (known_us <= as_of_us)
    order = _ordered(where, place.count, (time_us, known_us), rows, known_first=True)
    return Outcomes(
        offsets=order.offsets,
        time_us=order.time_us,
        known_us=order.known_us,
        state=states[order.index],
        amount=_floats(amount)[order.index],
        reason=order.texts(reason),
        implied=implied[order.index],
    )


def _changes(columns: Columns, place: _Places, ignored: frozenset[str], as_of_us: int) -> Changes:
    if not columns[0]:
        return no_changes(place.count)
    where = place.of(columns[0])
    time_us = np.array(columns[2], dtype=np.int64)
    known_us = np.array(columns[3], dtype=np.int64)
    rows = known_us <= as_of_us
    if ignored:
        rows &= np.array([name not in ignored for name in columns[4]], dtype=np.bool_)
    order = _ordered(where, place.count, (time_us, known_us), rows)
    values = [scalar_text(columns[5][i]) for i in order.index.tolist()]
    return Changes(order.offsets, order.time_us, order.known_us, order.texts(columns[4]), factor(values))


def _attributes(leads: Sequence[LeadRow], ignored: frozenset[str]) -> dict[str, Factor]:
    names = dict.fromkeys(name for lead in leads for name in lead.attributes)
    return {
        name: factor([_text(lead.attributes.get(name)) for lead in leads])
        for name in names
        if name not in ignored
    }


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else value_text(value)


@lru_cache(maxsize=65_536)
def scalar_text(stored: str | None) -> str | None:
    """A change's stored JSON scalar as the text a History holds; None for a cleared value."""
    return value_text(scalar_value(stored))


def scalar_value(stored: str | None) -> Any:
    """A change's value as it came."""
    return None if stored is None else json.loads(stored)


def _floats(column: Sequence[float | None]) -> Floats:
    return np.array(column, dtype=np.float64)  # None becomes NaN


def factor(column: Sequence[str | None]) -> Factor:
    """Texts as codes over the values in use, in sorted order."""
    values = sorted({text for text in column if text is not None})
    code: dict[str | None, int] = {text: i for i, text in enumerate(values)}
    code[None] = -1
    return Factor(np.fromiter(map(code.__getitem__, column), dtype=np.int32, count=len(column)), values)
