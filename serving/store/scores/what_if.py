"""What a stored lead's score would be with more rows: the rows are added to copies in memory, nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from history.snapshot import Snapshot
from models.bundle import Bundle
from models.scorer import OpenLeads, open_leads
from serving.store.history import history_of
from serving.store.lead_rows import Columns, LeadRows
from serving.store.schema import LEAD_NO, ROW_NO

AddedRow = tuple[Any, ...]  # a table's FACT_COLUMNS


@dataclass(frozen=True)
class Change:
    """Rows to add to a lead, by table."""

    rows: Mapping[str, Sequence[AddedRow]] = field(default_factory=dict)


NOTHING = Change()


def changed(rows: LeadRows, change: Change) -> LeadRows:
    """The rows with those of the change behind the rows of the first lead, as if they had arrived last."""
    lead_no = rows.leads[0].lead_no
    tables = dict(rows.tables)
    for name, added in change.rows.items():
        if added:
            tables[name] = _with_rows(rows.tables[name], lead_no, added)
    return replace(rows, tables=tables)


def _with_rows(columns: Columns, lead_no: int, added: Sequence[AddedRow]) -> Columns:
    """The columns of a table with more rows of one lead, which keep the order of lead_no and row_no."""
    place = sum(1 for number in columns[LEAD_NO] if number <= lead_no)
    first = max(columns[ROW_NO], default=0) + 1
    new = [(lead_no, first + i, *row) for i, row in enumerate(added)]
    of_new = zip(*new, strict=True)
    return [[*old[:place], *more, *old[place:]] for old, more in zip(columns, of_new, strict=True)]


def snapshot_of(rows: LeadRows, bundle: Bundle, as_of_us: int) -> Snapshot:
    """The first lead at as_of_us; the others are there for features of the account."""
    history = history_of(rows, bundle.config, as_of_us)
    return Snapshot(history, np.zeros(1, dtype=np.int64), np.array([as_of_us], dtype=np.int64))


def open_variants(
    bundle: Bundle, rows: LeadRows, changes: Sequence[Change], as_of_us: int
) -> list[OpenLeads]:
    """The first lead, which is open, with each change alone: one result for all, or one for each change, in order."""
    if bundle.vocabulary.reads_accounts:
        # In one history the copies would count as other leads of the account.
        each = (snapshot_of(changed(rows, change), bundle, as_of_us) for change in changes)
        return [open_leads(bundle, snapshot) for snapshot in each]
    history = history_of(_copies(rows.only(0), changes), bundle.config, as_of_us)
    leads = np.arange(len(changes), dtype=np.int64)
    return [open_leads(bundle, Snapshot(history, leads, np.full(len(changes), as_of_us, dtype=np.int64)))]


def _copies(rows: LeadRows, changes: Sequence[Change]) -> LeadRows:
    """A copy of the one lead for each change, numbered from 0."""
    (lead,) = rows.leads
    tables = {name: _copied(columns, changes, name) for name, columns in rows.tables.items()}
    return LeadRows([replace(lead, lead_no=i) for i in range(len(changes))], tables, rows.end_us)


def _copied(columns: Columns, changes: Sequence[Change], name: str) -> Columns:
    """The columns once for each change, with its rows behind them."""
    count = len(columns[LEAD_NO])
    first = max(columns[ROW_NO], default=0) + 1
    copied: list[list[Any]] = [[] for _ in columns]
    for i, change in enumerate(changes):
        added = change.rows.get(name, ())
        copied[LEAD_NO] += [i] * (count + len(added))
        copied[ROW_NO] += [*columns[ROW_NO], *range(first, first + len(added))]
        for place, column in enumerate(columns[ROW_NO + 1 :]):
            copied[ROW_NO + 1 + place] += [*column, *(row[place] for row in added)]
    return copied
