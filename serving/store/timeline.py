"""A stored lead as a caller reads it: what it is now, and what happened, newest first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from history.history import DAY_US
from history.schema import OWN_ATTRIBUTES
from history.times import format_time
from serving.store.leads import Current
from serving.store.reading import DIRECTION_TEXT, STATE_TEXT, LeadRow, LeadRows, scalar_value

PAGE = 100
UNDATED_US = 90 * DAY_US  # where neither a column nor a model says when a lead was decided
Key = tuple[int, int]
Entry = dict[str, Any]
Found = tuple[Key, str, int | None, Sequence[Any]]  # its key, kind, when it was known, and the row's content


def lead_document(lead: LeadRow, now: Current) -> Entry:
    """The stored lead with its values now."""
    return {
        "lead_id": lead.lead_id,
        "created_at": format_time(lead.created_us),
        **{name: now.text(name) for name in OWN_ATTRIBUTES},
        "attributes": {name: value for name, value in now.scalars().items() if name not in OWN_ATTRIBUTES},
    }


def timeline(rows: LeadRows, before: Key | None, limit: int = PAGE) -> tuple[list[Entry], Key | None]:
    """The entries of the one lead in `rows`, newest first, after the key `before`; and the key to go on from."""
    entries = sorted(_entries(rows), key=itemgetter(0), reverse=True)
    if before is not None:
        entries = [entry for entry in entries if entry[0] < before]
    page = [_entry(*entry) for entry in entries[:limit]]
    return page, entries[limit - 1][0] if len(entries) > limit else None


def _entries(rows: LeadRows) -> Iterator[Found]:
    created_us = rows.leads[0].created_us
    for kind, table in _TABLES.items():
        for row in zip(*rows.tables[table], strict=True):
            yield (_time(row, created_us), row[1]), kind, row[3], row[4:]
    yield from _changes(zip(*rows.tables["attribute_changes"], strict=True))


def _time(row: Sequence[Any], created_us: int) -> int:
    own, known = row[2], row[3]
    if own is not None:
        return int(own)
    return created_us + UNDATED_US if known is None else int(known)


def _entry(key: Key, kind: str, known_us: int | None, content: Sequence[Any]) -> Entry:
    time_us, _ = key
    occurred = format_time(time_us)
    recorded = occurred if known_us == time_us else None if known_us is None else format_time(known_us)
    return {"type": kind, "occurred_at": occurred, "recorded_at": recorded, "data": _TOLD[kind](content)}


def _interaction(content: Sequence[Any]) -> Entry:
    kind, channel, direction, value, given = content
    told = {"kind": kind}
    if channel is not None:
        told["channel"] = channel
    if direction in DIRECTION_TEXT:
        told["direction"] = DIRECTION_TEXT[direction]
    if value is not None:
        told["value"] = value
    if given is not None:
        told["interaction_id"] = given
    return told


def _outcome(content: Sequence[Any]) -> Entry:
    state, amount, reason = content
    told = {"outcome": STATE_TEXT[state], "amount": amount, "reason": reason}
    return {name: value for name, value in told.items() if value is not None}


def _attributes(content: Sequence[Any]) -> Entry:
    return {name: scalar_value(value) for name, value in content}


_TABLES = {"interaction": "interactions", "stage": "stages", "outcome": "outcomes"}
_TOLD: Mapping[str, Callable[[Sequence[Any]], Entry]] = {
    "interaction": _interaction,
    "stage": lambda content: {"stage": content[0]},
    "outcome": _outcome,
    "attributes": _attributes,
}


def _changes(rows: Iterable[Sequence[Any]]) -> Iterator[Found]:
    """Changes of one moment as one entry."""
    for (time_us, known_us), same in groupby(rows, key=lambda row: (row[2], row[3])):
        values = list(same)
        yield (time_us, values[-1][1]), "attributes", known_us, [row[4:6] for row in values]
