"""A stored lead as a caller reads it: its current values, and its timeline, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from history.history import DAY_US
from history.schema import OWN_ATTRIBUTES
from history.times import format_time
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


def lead_document(lead: LeadRow, current: CurrentAttributes) -> Entry:
    """The stored lead with its current values."""
    other = {name: value for name, value in current.scalars().items() if name not in OWN_ATTRIBUTES}
    return {
        "lead_id": lead.lead_id,
        "created_at": format_time(lead.created_us),
        **{name: current.text(name) for name in OWN_ATTRIBUTES},
        "attributes": other,
    }


def timeline(rows: LeadRows, before: Key | None, limit: int = PAGE) -> tuple[list[Entry], Key | None]:
    """A page of the timeline of the one lead in `rows`, newest first, from entries older than `before`.

    Also returns the key from which the next page continues, None on the last.
    """
    ordered = sorted(_rows(rows), key=lambda row: row.key, reverse=True)
    if before is not None:
        ordered = [row for row in ordered if row.key < before]
    page = [_entry(row) for row in ordered[:limit]]
    return page, ordered[limit - 1].key if len(ordered) > limit else None


def _rows(rows: LeadRows) -> Iterator[_Row]:
    created_us = rows.leads[0].created_us
    for kind, table in _TABLES.items():
        for row in zip(*rows.tables[table], strict=True):
            yield _Row((_time_us(row, created_us), row[ROW_NO]), kind, row[KNOWN_US], row[CONTENT:])
    yield from _changes(zip(*rows.tables["attribute_changes"], strict=True))


def _changes(rows: Iterable[Sequence[Any]]) -> Iterator[_Row]:
    """Attribute changes of one moment as one row."""
    for (time_us, known_us), alike in groupby(rows, key=lambda row: (row[TIME_US], row[KNOWN_US])):
        changes = list(alike)
        key = (time_us, changes[-1][ROW_NO])
        yield _Row(key, "attributes", known_us, [change[CONTENT:] for change in changes])


def _time_us(row: Sequence[Any], created_us: int) -> int:
    time_us, known_us = row[TIME_US], row[KNOWN_US]
    if time_us is not None:
        return int(time_us)
    return created_us + UNDATED_US if known_us is None else int(known_us)


def _entry(row: _Row) -> Entry:
    time_us, _ = row.key
    occurred_at = format_time(time_us)
    recorded_at = None
    if row.known_us is not None:
        # Most rows are known at once; their time is formatted only once.
        recorded_at = occurred_at if row.known_us == time_us else format_time(row.known_us)
    data = _DATA[row.kind](row.content)
    return {"type": row.kind, "occurred_at": occurred_at, "recorded_at": recorded_at, "data": data}


def _interaction(content: Sequence[Any]) -> Entry:
    kind, channel, direction, value, interaction_id = content
    data = {
        "kind": kind,
        "channel": channel,
        "direction": DIRECTION_TEXT.get(direction),
        "value": value,
        "interaction_id": interaction_id,
    }
    return _without_missing(data)


def _stage(content: Sequence[Any]) -> Entry:
    (stage,) = content
    return {"stage": stage}


def _outcome(content: Sequence[Any]) -> Entry:
    state, amount, reason = content
    return _without_missing({"outcome": STATE_TEXT[state], "amount": amount, "reason": reason})


def _attributes(content: Sequence[Any]) -> Entry:
    return {name: scalar_value(value) for name, value in content}


def _without_missing(data: Entry) -> Entry:
    return {name: value for name, value in data.items() if value is not None}


_TABLES = {"interaction": "interactions", "stage": "stages", "outcome": "outcomes"}
_DATA: Mapping[str, Callable[[Sequence[Any]], Entry]] = {
    "interaction": _interaction,
    "stage": _stage,
    "outcome": _outcome,
    "attributes": _attributes,
}
