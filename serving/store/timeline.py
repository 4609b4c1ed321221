"""A stored lead as a caller reads it: its current values, and its timeline, newest first."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from history.config.schema import OWN_ATTRIBUTES
from history.text.folding import fold
from history.text.times import DAY_US, format_time
from serving.store.event_ids import EventNames
from serving.store.lead_rows import DIRECTION_TEXT, STATE_TEXT, LeadRow, LeadRows, scalar_value
from serving.store.leads import CurrentAttributes
from serving.store.schema import CONTENT, KNOWN_US, ROW_NO, TIME_US

PAGE = 100
UNDATED_US = 90 * DAY_US  # after the creation, for an outcome that neither a column nor a model dates
Key = tuple[int, int]  # time_us and row_no
Entry = dict[str, Any]


class _Row(NamedTuple):
    """A row of the timeline; known_us is None if no column gave it."""

    key: Key
    kind: str
    known_us: int | None
    content: Sequence[Any]


@dataclass(frozen=True)
class Wanted:
    """Which entries: those older than `before`, and of this type of event or kind of interaction, whatever its case."""

    before: Key | None = None
    kind: str | None = None

    def has(self, row: _Row) -> bool:
        """True for an entry to show."""
        if self.before is not None and row.key >= self.before:
            return False
        if not self.kind:
            return True
        kind = fold(self.kind)
        return row.kind == kind or (row.kind == "interaction" and fold(row.content[0]) == kind)


ALL = Wanted()


def lead_document(lead: LeadRow, current: CurrentAttributes) -> Entry:
    """The stored lead with its current values."""
    other = {name: value for name, value in current.scalars().items() if name not in OWN_ATTRIBUTES}
    return {
        "lead_id": lead.lead_id,
        "created_at": format_time(lead.created_us),
        **{name: current.text(name) for name in OWN_ATTRIBUTES},
        "attributes": other,
    }


class TimelinePage(NamedTuple):
    """Entries, newest first, and the key from which the next page continues, None on the last."""

    entries: list[Entry]
    next_key: Key | None


def timeline(rows: LeadRows, names: EventNames, wanted: Wanted = ALL, limit: int = PAGE) -> TimelinePage:
    """A page of the timeline of the one lead in `rows`."""
    if not wanted.kind:
        rows = _newest(rows, wanted.before, limit + 1)
    ordered = sorted(_rows(rows, names.change_keys), key=attrgetter("key"), reverse=True)
    if wanted.before is not None or wanted.kind:
        ordered = [row for row in ordered if wanted.has(row)]
    page = ordered[:limit]
    ids = _event_ids(page, names)
    entries = [{"event_id": ids[row.key[1]], **_entry(row)} for row in page]
    return TimelinePage(entries, page[-1].key if len(ordered) > limit else None)


def _newest(rows: LeadRows, before: Key | None, most: int) -> LeadRows:
    """The rows with the `most` newest interactions before a key: of 10,000 a page shows a hundred."""
    columns = rows.tables["interactions"]
    if len(columns[ROW_NO]) <= most:
        return rows
    time_us, row_no = (np.array(columns[i], dtype=np.int64) for i in (TIME_US, ROW_NO))
    order = np.lexsort((row_no, time_us))
    if before is not None:
        is_older = (time_us < before[0]) | ((time_us == before[0]) & (row_no < before[1]))
        order = order[is_older[order]]
    newest = order[-most:].tolist()
    chosen = [[column[i] for i in newest] for column in columns]
    return replace(rows, tables={**rows.tables, "interactions": chosen})


def _event_ids(page: Sequence[_Row], names: EventNames) -> dict[int, str]:
    """row_no -> event_id of the rows of a page."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in page:
        numbers[row.kind].append(row.key[1])
    ids: dict[int, str] = {}
    for kind, of_kind in numbers.items():
        ids |= names.of_rows(_TABLES.get(kind, "attribute_changes"), of_kind)
    return ids


def _rows(rows: LeadRows, change_keys: Mapping[int, bytes]) -> Iterator[_Row]:
    created_us = rows.leads[0].created_us
    for kind, table in _TABLES.items():
        for row in zip(*rows.tables[table], strict=True):
            time_us, known_us = row[TIME_US], row[KNOWN_US]
            if time_us is None:
                time_us = created_us + UNDATED_US if known_us is None else known_us
            yield _Row((time_us, row[ROW_NO]), kind, known_us, row[CONTENT:])
    yield from _changes(zip(*rows.tables["attribute_changes"], strict=True), change_keys)


def _changes(rows: Iterable[Sequence[Any]], keys: Mapping[int, bytes]) -> Iterator[_Row]:
    """Attribute changes of one moment and event as one row."""

    def moment(row: Sequence[Any]) -> tuple[int, int, bytes | None]:
        return row[TIME_US], row[KNOWN_US], keys.get(row[ROW_NO])

    for (time_us, known_us, _key), alike in groupby(rows, key=moment):
        changes = list(alike)
        key = (time_us, changes[-1][ROW_NO])
        yield _Row(key, "attributes", known_us, [change[CONTENT:] for change in changes])


def _entry(row: _Row) -> Entry:
    (time_us, _row_no), kind, known_us, content = row
    occurred_at = format_time(time_us)
    recorded_at = None
    if known_us is not None:
        # Most rows are known at once; their time is formatted only once.
        recorded_at = occurred_at if known_us == time_us else format_time(known_us)
    return {
        "type": kind,
        "occurred_at": occurred_at,
        "recorded_at": recorded_at,
        "data": _DATA[kind](content),
    }


def _interaction(content: Sequence[Any]) -> Entry:
    kind, channel, direction, value, interaction_id = content
    data: Entry = {"kind": kind}
    if channel is not None:
        data["channel"] = channel
    if direction in DIRECTION_TEXT:
        data["direction"] = DIRECTION_TEXT[direction]
    if value is not None:
        data["value"] = value
    if interaction_id is not None:
        data["interaction_id"] = interaction_id
    return data


def _stage(content: Sequence[Any]) -> Entry:
    (stage,) = content
    return {"stage": stage}


def _outcome(content: Sequence[Any]) -> Entry:
    state, amount, reason = content
    data = {"outcome": STATE_TEXT[state], "amount": amount, "reason": reason}
    return {name: value for name, value in data.items() if value is not None}


def _attributes(content: Sequence[Any]) -> Entry:
    return {name: scalar_value(value) for name, value in content}


_TABLES = {"interaction": "interactions", "stage": "stages", "outcome": "outcomes"}
_DATA: Mapping[str, Callable[[Sequence[Any]], Entry]] = {
    "interaction": _interaction,
    "stage": _stage,
    "outcome": _outcome,
    "attributes": _attributes,
}
