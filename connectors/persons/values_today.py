"""Persons as records: their values of the export's day, and the old values that a log of changes tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.persons.earlier import merged_earlier
from connectors.persons.rows import PersonRows, Role
from connectors.reading.export import Export
from history.base.arrays import Ints, Mask

EMPTY: Final = ""  # a statement that a value is none
_SCHEMA: Final = pa.schema([("id", pa.string()), ("us", pa.int64()), ("old", pa.string())])


@dataclass
class OldValues:
    """The old value of each logged change, by attribute; filled while the log of changes is read."""

    changes: dict[str, list[pa.Table]] = field(default_factory=dict)
    latest_us: int = NO_TIME  # of all rows that were read

    def add(self, attribute: str, ids: pa.Array, us: Ints, old: pa.Array) -> None:
        """Changes (m,) of one attribute: whose, when, and the value before."""
        table = pa.table([ids, pa.array(us), pc.fill_null(old, EMPTY)], schema=_SCHEMA)
        self.changes.setdefault(attribute, []).append(table)

    def at_creation(self, attribute: str, ids: pa.Array, created_us: Ints) -> pa.Array:
        """The value of each person (n,) before the first change after the creation, null without a change."""
        pieces = self.changes.get(attribute)
        if not pieces:
            return pa.nulls(len(ids), pa.string())
        table = pa.concat_tables(pieces)
        place = pc.fill_null(pc.index_in(table.column("id").combine_chunks(), value_set=ids), -1)
        places = np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
        us = table.column("us").to_numpy()
        rows = np.flatnonzero((places >= 0) & (us > np.append(created_us, NO_TIME)[places]))
        order = rows[np.lexsort((rows, us[rows], places[rows]))][::-1]
        chosen = np.full(len(ids), -1, dtype=np.int64)
        chosen[places[order]] = order  # the last assignment stays: the first change
        return table.column("old").combine_chunks().take(pa.array(chosen, mask=chosen < 0))

    def last_us(self, ids: pa.Array) -> Ints:
        """The last change of each person (n,), NO_TIME without one."""
        last = np.full(len(ids), NO_TIME, dtype=np.int64)
        for pieces in self.changes.values():
            table = pa.concat_tables(pieces)
            place = pc.fill_null(pc.index_in(table.column("id").combine_chunks(), value_set=ids), -1)
            places = np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
            known = places >= 0
            np.maximum.at(last, places[known], table.column("us").to_numpy()[known])
        return last


@dataclass(frozen=True)
class Persons:
    """Records of persons (n,): rows of the export, ids, creation, last change (NO_TIME if unknown).

    attributes: today's values; historic: attributes whose value of today counts only with a logged change.
    makes_lead: records that are leads by themselves. without_values: records whose values count for nobody.
    addresses: e-mail addresses by which other rows name the persons.
    """

    table: pa.Table
    ids: pa.Array
    created_us: Ints
    modified_us: Ints
    attributes: Mapping[str, pa.Array]
    historic: frozenset[str]
    makes_lead: Mask
    without_values: Mask
    addresses: pa.Array | None = None


def person_rows(export: Export, persons: Persons, old: OldValues) -> Iterator[PersonRows]:
    """Statements of the values at the creation, then of those of the export's day.

    Without a logged change today's value counts as that of the creation, unless an earlier import knows the person:
    then what differs is a change at the last modification. An export older than that import says nothing of today,
    and records that it merged into others nothing at all.
    """
    count = len(persons.ids)
    others = pa.array(sorted(merged_earlier(export.earlier)), pa.string())
    merged = np.asarray(pc.is_in(persons.ids, value_set=others).to_numpy(zero_copy_only=False))
    without = persons.without_values | merged
    known = _known_earlier(export, persons.ids) | without
    first: dict[str, pa.Array] = {}
    for name in dict.fromkeys([*persons.attributes, *old.changes]):
        before = old.at_creation(name, persons.ids, persons.created_us)
        today = persons.attributes.get(name)
        if today is not None and name not in persons.historic:
            before = pc.coalesce(before, today)
        first[name] = _unless(known, before)
    common = {"known": persons.ids}
    if persons.addresses is not None:
        common["address"] = persons.addresses
    yield PersonRows(
        persons.table, persons.created_us, np.full(count, NO_TIME), np.full(count, Role.STATEMENT, np.int8),
        persons.makes_lead, common, traits=first,
    )  # fmt: skip

    if NO_TIME < max(old.latest_us, int(persons.modified_us.max(initial=NO_TIME))) < export.newest_us:
        return
    us = np.where(persons.modified_us == NO_TIME, old.latest_us, persons.modified_us)
    us = np.maximum(np.maximum(us, old.last_us(persons.ids)), persons.created_us)
    today = {
        name: _unless(without, pc.fill_null(values, EMPTY))
        for name, values in persons.attributes.items()
        if name not in persons.historic
    }
    nothing = np.zeros(count, dtype=np.bool_)
    yield PersonRows(
        None,
        us,
        np.full(count, NO_TIME),
        np.full(count, Role.STATEMENT, np.int8),
        nothing,
        common,
        traits=today,
    )


def _known_earlier(export: Export, ids: pa.Array) -> Mask:
    if "leads" not in export.earlier:
        return np.zeros(len(ids), dtype=np.bool_)
    earlier = export.earlier["leads"].column("lead_id").combine_chunks()
    return np.asarray(pc.is_in(ids, value_set=earlier).to_numpy(zero_copy_only=False))


def _unless(rows: Mask, values: pa.Array) -> pa.Array:
    """The values, null in some rows."""
    return pc.if_else(pa.array(rows), pa.scalar(None, pa.string()), values)
