"""Settings > Properties > Export property history: one row a record, its values side by side from the newest on.

Record ID, Deal Name, Deal Stage Current Value, Change Date (Europe/Berlin), Previous Value (1), Change Date (1)
(Europe/Berlin), ...; with the source of a change two more columns a value. The last values may have no header.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.hubspot.portal import DEALS, ID, Portal, places_of_sources
from connectors.reading.export import SOURCE, column
from connectors.reading.recognise import key_of
from connectors.reading.values import read_times
from history.base.arrays import Ints

KIND: Final = "PropertyExport"
CURRENT: Final = re.compile(r"^(?P<label>.+) current value$", re.IGNORECASE)
DATE: Final = re.compile(r"^change date(?: \((?P<zone>[^()]*[^()0-9][^()]*)\))?$", re.IGNORECASE)
OWNER_ID: Final = {"owner_name": "hubspot_owner_id"}


@dataclass(frozen=True)
class Versions:
    """Values (m,) of one property: the lead's place, when, and the value."""

    property: str
    lead: Ints
    us: Ints
    value: Sequence[str | None]


@dataclass(frozen=True)
class _Layout:
    """The columns of values and of their times, newest first; zone None if the header names none."""

    label: str
    values: Sequence[str]
    dates: Sequence[str]
    zone: ZoneInfo | None


def read_versions(portal: Portal, names: set[str]) -> Iterator[Versions]:
    """The versions of these properties; files of other properties and objects are set aside."""
    export = portal.export
    for batch in export.batches(KIND):
        for place in places_of_sources(batch):
            table = batch.filter(pc.equal(batch.column(SOURCE), place))
            everything = np.ones(len(table), dtype=np.bool_)
            layout = _layout(export.sources[place].source.columns)
            if layout is None:
                export.leave(table, "no_values_with_dates", everything)
            elif _is_of_another_object(portal, table):
                export.leave(table, "history_of_another_object", everything)
            elif (name := _property(portal, layout.label)) not in names:
                export.leave(table, "property_that_is_no_attribute", everything)
            else:
                yield from _versions(portal, table, layout, name)


def _layout(columns: Sequence[str]) -> _Layout | None:
    """Where the values stand: each group is as wide as the first one, whatever its header says."""
    start = next((place for place, name in enumerate(columns) if CURRENT.match(name)), None)
    second = next(
        (place for place, name in enumerate(columns) if key_of(name) == "previousvalue1"), len(columns)
    )
    if start is None or start + 1 >= len(columns):
        return None
    current, date = CURRENT.match(columns[start]), DATE.match(columns[start + 1])
    if current is None or date is None or second < start + 2:
        return None
    starts = range(start, len(columns) - 1, second - start)
    return _Layout(
        current["label"],
        [columns[place] for place in starts],
        [columns[place + 1] for place in starts],
        _zone(date["zone"]),
    )


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, KeyError):
        return None


def _is_of_another_object(portal: Portal, table: pa.Table) -> bool:
    """Whether the file names other records than the leads: contacts have an e-mail address, deals a name."""
    own, other = ("dealname", "email") if portal.lead is DEALS else ("email", "dealname")
    return bool(column(table, other).null_count < len(table) and column(table, own).null_count == len(table))


def _property(portal: Portal, label: str) -> str:
    """The internal name of a property by its label; one that HubSpot does not declare is that of the leads' column."""
    key = key_of(label)
    for field in portal.lead.kind.fields:
        if key in map(key_of, (field.name, *field.labels)):
            return OWNER_ID.get(field.name, field.name)
    return label.lower()


def _versions(portal: Portal, table: pa.Table, layout: _Layout, name: str) -> Iterator[Versions]:
    export = portal.export
    table, lead = portal.of_known(table, ID)
    own = {file: field for field, file in export.sources[_place(table)].columns.items()} if len(table) else {}
    zone = layout.zone or export.options.zone
    for values, dates in zip(layout.values, layout.dates, strict=True):
        texts = column(table, own.get(dates, dates))
        read = read_times(texts, zone, export.order)
        export.unread.add(f"times of {layout.label} ({dates})", texts, read.given & ~read.good)
        rows = np.flatnonzero(read.known)
        cells = column(table, own.get(values, values)).take(pa.array(rows)).to_pylist()
        yield Versions(name, lead[rows], read.us[rows], cells)
    export.use(table)


def _place(table: pa.Table) -> int:
    place: int = table.column(SOURCE)[0].as_py()
    return place
