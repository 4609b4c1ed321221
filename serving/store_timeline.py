"""A stored lead as a caller reads it: what it is now, and what happened, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from features.event_log import DAY_US
from features.times import format_time
from serving.ingest import DIRECTIONS, STATES
from serving.store_leads import COLUMNS, Current
from serving.store_reading import LeadRow, LeadRows, scalar_value

PAGE = 100
UNDATED_US = 90 * DAY_US  # where neither a column nor a model says when a lead was decided
Key = tuple[int, int]
Entry = dict[str, Any]
_STATE = {code: name for name, code in STATES.items()}
_DIRECTION = {code: name for name, code in DIRECTIONS.items()}


def lead_document(lead: LeadRow, now: Current) -> Entry:
    """The stored lead with its values now."""
    return {
        "lead_id": lead.lead_id,
        "created_at": format_time(lead.created_us),
        **{name: now.text(name) for name in COLUMNS},
        "attributes": {name: value for name, value in now.scalars().items() if name not in COLUMNS},
    }


def timeline(rows: LeadRows, before: Key | None, limit: int = PAGE) -> tuple[list[Entry], Key | None]:
    """The entries of the one lead in `rows`, newest first, after the key `before`; and the key to go on from."""
    entries = sorted(_entries(rows), key=lambda entry: entry[0], reverse=True)
    if before is not None:
        entries = [entry for entry in entries if entry[0] < before]
    page = [document for _, document in entries[:limit]]
    return page, entries[limit - 1][0] if len(entries) > limit else None


def _entries(rows: LeadRows) -> Iterator[tuple[Key, Entry]]:
    for kind, (table, told) in _TOLD.items():
        for row in zip(*rows.tables[table], strict=True):
            time_us = _time(row, rows.leads[0].created_us)
            yield (time_us, row[1]), _entry(kind, time_us, row[3], told(row[4:]))
    yield from _changes(zip(*rows.tables["attribute_changes"], strict=True))


def _time(row: Sequence[Any], created_us: int) -> int:
    own, known = row[2], row[3]
    if own is not None:
        return int(own)
    return created_us + UNDATED_US if known is None else int(known)


def _entry(kind: str, time_us: int, known_us: int | None, data: Entry) -> Entry:
    occurred = format_time(time_us)
    recorded = occurred if known_us == time_us else None if known_us is None else format_time(known_us)
    return {"type": kind, "occurred_at": occurred, "recorded_at": recorded, "data": data}


def _given(**data: Any) -> Entry:
    return {name: value for name, value in data.items() if value is not None}


def _interaction(row: Sequence[Any]) -> Entry:
    kind, channel, direction, value, given = row
    return _given(
        kind=kind, channel=channel, direction=_DIRECTION[direction], value=value, interaction_id=given
    )


def _outcome(row: Sequence[Any]) -> Entry:
    state, amount, reason = row
    return _given(outcome=_STATE[state], amount=amount, reason=reason)


_TOLD: Mapping[str, tuple[str, Callable[[Sequence[Any]], Entry]]] = {
    "interaction": ("interactions", _interaction),
    "stage": ("stages", lambda row: {"stage": row[0]}),
    "outcome": ("outcomes", _outcome),
}


def _changes(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Key, Entry]]:
    """Changes of one moment as one entry."""
    for (time_us, known_us), same in groupby(rows, key=lambda row: (row[2], row[3])):
        values = list(same)
        data = {row[4]: scalar_value(row[5]) for row in values}
        yield (time_us, values[-1][1]), _entry("attributes", time_us, known_us, data)
