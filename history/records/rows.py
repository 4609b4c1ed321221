"""The rows of request records, one table of all leads at a time, with their times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
from numba import types

from history.base.arrays import Ints
from history.base.compiled import I64, compiled
from history.config.schema import TABLES
from history.history import Interactions, offsets_of
from history.records.timestamps import instants

Record = Mapping[str, Any]
Rows = Sequence[Record]

ROW_TABLES: Final = ("interactions", "stages", "attribute_changes")  # lists of rows in a request record


@dataclass(frozen=True)
class TableRows:
    """The rows of one table of all leads, in order of the leads, with both times of each."""

    rows: Rows
    offsets: Ints
    time_us: Ints
    known_us: Ints
    lead: Ints | None  # None for a single lead

    @property
    def n_leads(self) -> int:
        return len(self.offsets) - 1

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    def offsets_of(self, rows: Ints) -> Ints:
        """Offsets (n_leads + 1,) of these rows alone, which are grouped by lead."""
        if self.lead is None:
            return np.array((0, len(rows)), dtype=np.int64)
        return offsets_of(self.lead[rows], self.n_leads)

    def in_order(self) -> "TableRows":
        """The same rows, ordered as `order` says."""
        order = self.order()
        if order is None:
            return self
        rows, lead = self.rows, self.lead
        return TableRows(
            [rows[i] for i in order.tolist()],
            self.offsets,
            self.time_us[order],
            self.known_us[order],
            lead if lead is None else lead[order],
        )

    def order(self) -> Ints | None:
        """Order of the rows by lead and time, ties as in the request; None if they are in that order."""
        if are_sorted(self.offsets, self.time_us):
            return None
        if self.lead is None:
            return np.argsort(self.time_us, kind="stable")
        return np.lexsort((self.time_us, self.lead))


_OWN_TIMES: Final = tuple(TABLES[name].own_time for name in ROW_TABLES)
_NO_TIMES: Final = np.zeros(0, dtype=np.int64)


class LeadRows(NamedTuple):
    """Rows of n leads: creation (n,), the rows of each table, and at most one decision a lead.

    decided_us holds closed_at and recorded_at of each decision, if present, in order.
    """

    created_us: Ints
    tables: Mapping[str, TableRows]
    decisions: Sequence[Record | None]
    decided_us: Ints


def rows_of(leads: Sequence[Record]) -> LeadRows:
    """The rows of all leads, their times read at once; ValueError, KeyError or TypeError for an invalid one."""
    tables = [_rows(leads, name) for name in ROW_TABLES]
    recorded = [[row.get("recorded_at") for row in rows] for rows in tables]
    decisions = [lead.get("outcome") for lead in leads]
    texts = [lead["created_at"] for lead in leads]
    for rows, own_time in zip(tables, _OWN_TIMES, strict=True):
        texts += [row[own_time] for row in rows]
    start, late = len(leads), len(texts)
    for of_table in recorded:
        texts += [text for text in of_table if text]
    decided = len(texts)
    texts += [row[key] for row in decisions if row for key in ("closed_at", "recorded_at") if row.get(key)]
    us = instants(texts)
    read = {}
    for name, rows, of_table in zip(ROW_TABLES, tables, recorded, strict=True):
        own = known = us[start : start + len(rows)]
        start += len(rows)
        if any(of_table):
            which = [i for i, text in enumerate(of_table) if text]
            recorded_us = us[late : late + len(which)]
            late += len(which)
            if len(which) < len(rows):
                known = own.copy()
                known[which] = np.maximum(own[which], recorded_us)
            else:
                known = np.maximum(own, recorded_us)
        read[name] = _table(leads, name, rows, own, known)
    return LeadRows(us[: len(leads)], read, decisions, us[decided:])


@compiled(types.boolean(I64, I64))
def are_sorted(offsets: Ints, time_us: Ints) -> bool:
    """True if no instant (n,) of a lead, by offsets (leads + 1,), lies before the one ahead of it."""
    for lead in range(len(offsets) - 1):
        for i in range(offsets[lead] + 1, offsets[lead + 1]):
            if time_us[i] < time_us[i - 1]:
                return False
    return True


def rows_in(lead: Record, table: str) -> Rows:
    """The rows of one table of a lead; none if they are interactions that were read straight from JSON."""
    rows = lead.get(table) or ()
    return () if isinstance(rows, Interactions) else rows


def _rows(leads: Sequence[Record], name: str) -> Rows:
    if len(leads) == 1:
        return rows_in(leads[0], name)
    return [row for lead in leads for row in rows_in(lead, name)]


def _table(leads: Sequence[Record], name: str, rows: Rows, own: Ints, known: Ints) -> TableRows:
    if not rows:
        return _no_rows(len(leads))
    if len(leads) == 1:
        return TableRows(rows, np.array((0, len(rows)), dtype=np.int64), own, known, None)
    counts = [len(rows_in(lead, name)) for lead in leads]
    offsets = np.array([0, *accumulate(counts)], dtype=np.int64)
    return TableRows(rows, offsets, own, known, np.repeat(np.arange(len(leads)), counts))


@lru_cache(maxsize=16)
def _no_rows(n_leads: int) -> TableRows:
    """A table without a row, shared: most requests have one, and few leads."""
    return TableRows((), np.zeros(n_leads + 1, dtype=np.int64), _NO_TIMES, _NO_TIMES, None)
