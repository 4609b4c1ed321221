"""What a stored lead's score would be with more rows: the rows are added to copies in memory, nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from history.history import Changes, Factor, History, Interactions, Log
from history.snapshot import Snapshot
from history.spelling import one_spelling
from models.bundle import Bundle
from models.scorer import OpenLeads, open_leads
from serving.store.history import history_of
from serving.store.lead_rows import Columns, LeadRows, scalar_text
from serving.store.schema import LEAD_NO, ROW_NO

AddedRow = tuple[Any, ...]  # a table's FACT_COLUMNS
AnyLog = TypeVar("AnyLog", bound=Log)
ADDED_TO = ("interactions", "attribute_changes")  # what sellers do
# Interactions from which copies of arrays take less time than copies of rows: 40 interactions took 0.2 ms more.
LONG_LEAD = 300


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
    bundle: Bundle, rows: LeadRows, changes: Sequence[Change], as_of_us: int, history: History | None = None
) -> list[OpenLeads]:
    """The first lead, which is open, with each change alone: one result for all, or one for each change, in order.

    history: of that lead alone at as_of_us, if it is at hand.
    """
    if bundle.vocabulary.reads_accounts:
        # In one history the copies would count as other leads of the account.
        each = (snapshot_of(changed(rows, change), bundle, as_of_us) for change in changes)
        return [open_leads(bundle, snapshot) for snapshot in each]
    alone = rows.only(0)
    is_long = len(alone.tables["interactions"][LEAD_NO]) >= LONG_LEAD
    if is_long and all(_is_now(change, as_of_us) for change in changes):
        if history is None:
            history = history_of(alone, bundle.config, as_of_us)
        history = _variants(history, changes)
    else:
        history = history_of(_copies(alone, changes), bundle.config, as_of_us)
    leads = np.arange(len(changes), dtype=np.int64)
    return [open_leads(bundle, Snapshot(history, leads, np.full(len(changes), as_of_us, dtype=np.int64)))]


def _is_now(change: Change, as_of_us: int) -> bool:
    """True for interactions and attribute changes at as_of_us, which come after all visible rows of their lead."""
    names_few = all(name in ADDED_TO for name, rows in change.rows.items() if rows)
    return names_few and all(row[:2] == (as_of_us, as_of_us) for rows in change.rows.values() for row in rows)


def _variants(history: History, changes: Sequence[Change]) -> History:
    """A history of one lead once for each change, with its rows: the arrays of history_of, without a row of Python."""
    count = len(changes)

    def added(name: str) -> Sequence[Sequence[AddedRow]]:
        return [change.rows.get(name, ()) for change in changes]

    return replace(
        history,
        lead_ids=[*history.lead_ids] * count,
        created_us=np.repeat(history.created_us, count),
        attributes={
            name: Factor(np.repeat(texts.codes, count), texts.values)
            for name, texts in history.attributes.items()
        },
        interactions=_touched(history.interactions, added("interactions")),
        stages=_with_added(history.stages, [()] * count, {}),
        outcomes=_with_added(history.outcomes, [()] * count, {}),
        changes=_altered(history.changes, added("attribute_changes")),
        settled=None if history.settled is None else _with_added(history.settled, [()] * count, {}),
    )


def _touched(log: Interactions, added: Sequence[Sequence[AddedRow]]) -> Interactions:
    columns = list(zip(*(row for rows in added for row in rows), strict=True)) or [()] * 7
    _time, _known, kind, channel, direction, value, _ids = columns
    extended = _with_added(
        replace(log, ids=None),
        added,
        {
            "kind": kind,
            "channel": channel,
            "direction": np.array(direction, dtype=np.int8),
            "value": np.array(value, dtype=np.float64),
        },
    )
    return replace(extended, kind=one_spelling(extended.kind), channel=one_spelling(extended.channel))


def _altered(log: Changes, added: Sequence[Sequence[AddedRow]]) -> Changes:
    rows = [row for rows in added for row in rows]
    texts = {"attribute": [row[2] for row in rows], "value": [scalar_text(row[3]) for row in rows]}
    return _with_added(log, added, texts)


def _with_added(log: AnyLog, added: Sequence[Sequence[AddedRow]], values: Mapping[str, Any]) -> AnyLog:
    """The log of one lead once for each variant, with its added rows last; values: by column, of all added rows."""
    n, counts = len(log.time_us), [len(rows) for rows in added]
    starts = n + np.cumsum([0, *counts])
    index = np.concatenate([np.append(np.arange(n), np.arange(*span)) for span in pairwise(starts)])
    offsets = np.cumsum([0, *(n + count for count in counts)]).astype(np.int64)
    now_us = np.array([row[0] for rows in added for row in rows], dtype=np.int64)
    columns: dict[str, Any] = {"offsets": offsets}
    for name, column in vars(log).items():
        if name == "offsets" or column is None:
            continue
        more: Any = now_us if name in ("time_us", "known_us") else values.get(name, ())
        if isinstance(column, Factor):
            columns[name] = _longer(column, more).take(index).compact()
        else:
            columns[name] = np.concatenate([column, np.asarray(more, dtype=column.dtype)])[index]
    return replace(log, **columns)


def _longer(column: Factor, texts: Sequence[str | None]) -> Factor:
    """The column with more texts behind it."""
    code: dict[str | None, int] = {text: i for i, text in enumerate(column.values)} if texts else {}
    more = [-1 if text is None else code.setdefault(text, len(code)) for text in texts]
    values = [text for text in code if text is not None] if texts else column.values
    return Factor(np.concatenate([column.codes, np.array(more, dtype=np.int32)]), values)


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
