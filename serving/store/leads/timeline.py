"""A stored lead as a caller reads it: its current values, and its timeline, newest first."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np

from history.config.schema import OWN_ATTRIBUTES
from history.history import Factor
from history.text.folding import fold
from history.text.times import DAY_US, format_time
from serving.store.event_ids import EventNames
from serving.store.leads.lead_rows import DIRECTION_TEXT, STATE_TEXT, LeadRow, LeadRows, scalar_value
from serving.store.leads.leads import CurrentAttributes
from serving.store.schema import CONTENT, KNOWN_US, ROW_NO, TIME_US

PAGE = 100
UNDATED_US = 90 * DAY_US  # after the creation, for an outcome that neither a column nor a model dates
Key = tuple[int, int]  # time_us and row_no
Entry = dict[str, Any]


# A row: time_us, row_no, the type of event, known_us (None if no column gave it) and its content. Plain tuples, since a
# page makes hundreds and orders them: by the first two, of which no other row has both.
_Row: TypeAlias = tuple[int, int, str, int | None, Sequence[Any]]


@dataclass(frozen=True)
class Wanted:
    """Which entries: those older than `before`, and of this type of event or kind of interaction, whatever its case."""

    before: Key | None = None
    kind: str | None = None

    def has(self, row: _Row) -> bool:
        """True for an entry to show."""
        time_us, row_no, type_of_event, _known_us, content = row
        if self.before is not None and (time_us, row_no) >= self.before:
            return False
        if not self.kind:
            return True
        kind = fold(self.kind)
        return type_of_event == kind or (type_of_event == "interaction" and fold(content[0]) == kind)


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


class TimelineEntry(msgspec.Struct, gc=False):
    """An event as callers read it. Structures take half the time of dicts, and none of the collector's."""

    event_id: str
    type: str
    occurred_at: str
    recorded_at: str | None
    data: Any


class _Touch(msgspec.Struct, omit_defaults=True, gc=False):
    """What an interaction says; what it lacks is left out."""

    kind: str
    channel: str | None = None
    direction: str | None = None
    value: float | None = None
    interaction_id: str | None = None


class TimelinePage(NamedTuple):
    """Entries, newest first, and the key from which the next page continues, None on the last."""

    entries: list[TimelineEntry]
    next_key: Key | None


def timeline(rows: LeadRows, names: EventNames, wanted: Wanted = ALL, limit: int = PAGE) -> TimelinePage:
    """A page of the timeline of the one lead in `rows`."""
    if not wanted.kind:
        rows = _newest(rows, names, wanted.before, limit + 1)
    ordered = sorted(_rows(rows, names.change_keys), reverse=True)
    if wanted.before is not None or wanted.kind:
        ordered = [row for row in ordered if wanted.has(row)]
    page = ordered[:limit]
    return TimelinePage(_entries(page, names), page[-1][:2] if len(ordered) > limit else None)


def _newest(rows: LeadRows, names: EventNames, before: Key | None, most: int) -> LeadRows:
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
    chosen = [_taken(column, newest) for column in columns]
    if not chosen[-1]:
        ids = names.interaction_ids(chosen[ROW_NO])
        chosen[-1] = [ids.get(number) for number in chosen[ROW_NO]]
    return replace(rows, tables={**rows.tables, "interactions": chosen})


def _taken(column: Any, places: Sequence[int]) -> list[Any]:
    """The values of a column at these places as a row has them; [] for a column that was not read."""
    if isinstance(column, Factor):
        return [column.text(place) for place in places]
    if isinstance(column, np.ndarray):
        return [None if value != value else value for value in column[places].tolist()]
    return [column[place] for place in places] if len(column) else []


def _entries(page: Sequence[_Row], names: EventNames) -> list[TimelineEntry]:
    ids = names.of_rows([row[1] for row in page]) if names.are_known else _event_ids(page, names)
    entries = []
    for time_us, row_no, kind, known_us, content in page:
        occurred_at = format_time(time_us)
        recorded_at = None
        if known_us is not None:
            # Most rows are known at once; their time is formatted only once.
            recorded_at = occurred_at if known_us == time_us else format_time(known_us)
        entries.append(TimelineEntry(ids[row_no], kind, occurred_at, recorded_at, _DATA[kind](content)))
    return entries


def _event_ids(page: Sequence[_Row], names: EventNames) -> dict[int, str]:
    """row_no -> event_id of the rows of a page."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for _time_us, row_no, kind, _known_us, _content in page:
        numbers[_TABLES.get(kind, "attribute_changes")].append(row_no)
    return names.of_tables(numbers)


def _rows(rows: LeadRows, change_keys: Mapping[int, bytes]) -> list[_Row]:
    created_us = rows.leads[0].created_us
    made: list[_Row] = []
    for kind, table in _TABLES.items():
        columns = rows.tables[table]
        if not len(columns[ROW_NO]):
            continue
        times_us = columns[TIME_US]
        if None in times_us:
            times_us = _dated(times_us, columns[KNOWN_US], created_us)
        contents = zip(*columns[CONTENT:], strict=True)
        made += zip(times_us, columns[ROW_NO], repeat(kind), columns[KNOWN_US], contents)
    changes = rows.tables["attribute_changes"]
    if len(changes[ROW_NO]):
        made += _changes(zip(*changes, strict=True), change_keys)
    return made


def _dated(times_us: Sequence[int | None], known_us: Sequence[int | None], created_us: int) -> list[int]:
    """The time of each row, a stand-in for those without."""
    undated_us = created_us + UNDATED_US
    both = zip(times_us, known_us, strict=True)
    return [us if us is not None else undated_us if known is None else known for us, known in both]


def _changes(rows: Iterable[Sequence[Any]], keys: Mapping[int, bytes]) -> Iterator[_Row]:
    """Attribute changes of one moment and event as one row."""

    def moment(row: Sequence[Any]) -> tuple[int, int, bytes | None]:
        return row[TIME_US], row[KNOWN_US], keys.get(row[ROW_NO])

    for (time_us, known_us, _key), alike in groupby(rows, key=moment):
        changes = list(alike)
        row_no = changes[-1][ROW_NO]
        yield time_us, row_no, "attributes", known_us, [change[CONTENT:] for change in changes]


def _interaction(content: Sequence[Any]) -> _Touch:
    kind, channel, direction, value, interaction_id = content
    return _Touch(kind, channel, DIRECTION_TEXT.get(direction), value, interaction_id)


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
_DATA: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "interaction": _interaction,
    "stage": _stage,
    "outcome": _outcome,
    "attributes": _attributes,
}
