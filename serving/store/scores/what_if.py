"""What a stored lead's score would be with more rows: the rows are added to copies in memory, nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from history.base.arrays import Ints
from history.history import Changes, Factor, History, Interactions, Log
from history.snapshot import Snapshot
from history.spelling import one_spelling
from models.bundle import Bundle
from serving.store.leads.history import history_of
from serving.store.leads.lead_rows import Columns, LeadRows, scalar_text
from serving.store.schema import LEAD_NO, ROW_NO

AddedRow = tuple[Any, ...]  # a table's FACT_COLUMNS
AnyLog = TypeVar("AnyLog", bound=Log)


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


def with_changes(history: History, positions: Sequence[int], changes: Sequence[Change]) -> History:
    """The leads at these positions (k,) of a history, each with the rows of its change; a lead may occur several times.

    The rows are interactions and attribute changes at the instant of the history, after all others of their lead.
    The arrays are those of `history_of`, without a row of Python.
    """
    leads = np.array(positions, dtype=np.int64)

    def added(name: str) -> Sequence[Sequence[AddedRow]]:
        return [change.rows.get(name, ()) for change in changes]

    nothing: Sequence[Sequence[AddedRow]] = [()] * len(changes)
    return replace(
        history,
        lead_ids=[history.lead_ids[position] for position in positions],
        created_us=history.created_us[leads],
        attributes={name: texts.take(leads) for name, texts in history.attributes.items()},
        interactions=_touched(history.interactions, leads, added("interactions")),
        stages=_extended(history.stages, leads, nothing, {}),
        outcomes=_extended(history.outcomes, leads, nothing, {}),
        changes=_altered(history.changes, leads, added("attribute_changes")),
        settled=None if history.settled is None else _extended(history.settled, leads, nothing, {}),
    )


def _touched(log: Interactions, leads: Ints, added: Sequence[Sequence[AddedRow]]) -> Interactions:
    columns = list(zip(*(row for rows in added for row in rows), strict=True)) or [()] * 7
    _time, _known, kind, channel, direction, value, _ids = columns
    extended = _extended(
        replace(log, ids=None),
        leads,
        added,
        {
            "kind": kind,
            "channel": channel,
            "direction": np.array(direction, dtype=np.int8),
            "value": np.array(value, dtype=np.float64),
        },
    )
    return replace(
        extended,
        kind=_spelled(extended.kind, log.kind),
        channel=_spelled(extended.channel, log.channel),
    )


def _spelled(column: Factor, before: Factor) -> Factor:
    """One spelling a value, which only new texts can break."""
    return column if len(column.values) == len(before.values) else one_spelling(column)


def _altered(log: Changes, leads: Ints, added: Sequence[Sequence[AddedRow]]) -> Changes:
    rows = [row for rows in added for row in rows]
    texts = {"attribute": [row[2] for row in rows], "value": [scalar_text(row[3]) for row in rows]}
    return _extended(log, leads, added, texts)


def _extended(
    log: AnyLog, leads: Ints, added: Sequence[Sequence[AddedRow]], values: Mapping[str, Any]
) -> AnyLog:
    """The log of these leads (k,), each with its added rows last; values: by column, of all added rows."""
    lengths, more = np.diff(log.offsets)[leads], np.array([len(rows) for rows in added], dtype=np.int64)
    ends, ends_of_more = np.cumsum(lengths + more), np.cumsum(more)
    offsets = np.zeros(len(leads) + 1, dtype=np.int64)
    offsets[1:] = ends
    index = np.repeat(log.offsets[leads] - offsets[:-1], lengths + more) + np.arange(offsets[-1])
    if n_added := int(ends_of_more[-1]):
        # The added rows follow those of the log, in order; each goes behind the last row of its lead.
        number = np.arange(n_added)
        index[np.repeat(ends - ends_of_more, more) + number] = len(log.time_us) + number
    now_us = np.array([row[0] for rows in added for row in rows], dtype=np.int64)
    columns: dict[str, Any] = {"offsets": offsets}
    for name, column in vars(log).items():
        if name == "offsets" or column is None:
            continue
        of_added: Any = now_us if name in ("time_us", "known_us") else values.get(name, ())
        if isinstance(column, Factor):
            columns[name] = (_longer(column, of_added) if n_added else column).take(index)
        elif n_added:
            columns[name] = np.concatenate([column, np.asarray(of_added, dtype=column.dtype)])[index]
        else:
            columns[name] = column[index]
    return replace(log, **columns)


def _longer(column: Factor, texts: Sequence[str | None]) -> Factor:
    """The column with more texts behind it."""
    values = column.values
    code: dict[str | None, int] = {text: i for i, text in enumerate(values)}
    more = [-1 if text is None else code.setdefault(text, len(code)) for text in texts]
    if len(code) > len(values):
        values = [text for text in code if text is not None]
    return Factor(np.concatenate([column.codes, np.array(more, dtype=np.int32)]), values)
