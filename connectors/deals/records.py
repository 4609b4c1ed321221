"""The records of a system's main object: good ids, the newest row of each, deleted ones, and the export's time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.deals.deals import NO_TIME
from connectors.reading.export import DELETED, OWN_COLUMNS, VERSION, Export, booleans, column
from connectors.reading.ids import are_no_ids, are_rounded
from connectors.reading.values import end_of_day
from history.base.arrays import Ints, Mask
from history.base.errors import InvalidInput

FOOTER_CELLS: Final = 3  # at most, of a total or a note below a table
GOOD_ID: Final = r"^[^\s;,]{1,200}$"
MAY_BE_BLANK: Final = 0.2  # of the records
MOSTLY_ROUNDED: Final = 0.5  # of the ids of a table


def _as_it_is(ids: pa.Array) -> pa.Array:
    return ids


@dataclass(frozen=True)
class RecordKind:
    """The rows of a table of records: the object's name, and the fields of its id, creation, last changes, deletion.

    key: the part of an id that tells records apart. singular: how messages name one record.
    """

    name: str
    id: str
    created: str
    modified: tuple[str, ...]
    deleted: tuple[str, ...] = ()
    singular: str = ""
    key: Callable[[pa.Array], pa.Array] = _as_it_is


@dataclass(frozen=True)
class Records:
    """The newest row of each record (n,), rows of older versions, and the ids of deleted records."""

    current: pa.Table
    versions: pa.Table
    erased: tuple[str, ...]


def refuse_blank_states(export: Export, table: pa.Table, name: str, label: str) -> None:
    """Raises InvalidInput if many records (n,) lack the field that tells their state: they would all count as open."""
    given = column(table, name).is_valid().to_numpy(zero_copy_only=False)
    if not given.any() or np.count_nonzero(~given) <= MAY_BE_BLANK * len(table):
        return
    row = int(np.flatnonzero(~given)[0])
    raise InvalidInput(
        f"{np.count_nonzero(~given):,} of {len(table):,} records have no {label}, the first: "
        f"{export.place_of(table, row)}. A grouped report shows it once a group: export the details without groups, or "
        "fill the cells down; it tells which records are open."
    )


def with_good_ids(export: Export, table: pa.Table, kind: RecordKind) -> pa.Table:
    """The rows with an id; footers, broken and rounded ids are set aside. Raises InvalidInput if most are rounded."""
    table = without_rounded(export, table, column(table, kind.id), kind.name)
    ids = column(table, kind.id)
    good = pc.fill_null(pc.match_substring_regex(ids, GOOD_ID), False).to_numpy(zero_copy_only=False)
    good = good & ~are_no_ids(ids)
    footers = ~good & (_filled(table) <= FOOTER_CELLS)
    table = export.leave(table, "total_or_empty_row", footers)
    return export.leave(table, "bad_id", ~good[~footers])


def without_rounded(export: Export, table: pa.Table, ids: pa.Array, name: str) -> pa.Table:
    """The rows whose id (n,) no spreadsheet has rounded; raises InvalidInput if most are. name: of the table."""
    rounded = are_rounded(ids)
    count = int(rounded.sum())
    if count > MOSTLY_ROUNDED * (len(ids) - ids.null_count):
        first = int(np.argmax(rounded))
        raise InvalidInput(
            f"{name}: {count:,} ids were rounded by a spreadsheet, the first in {export.place_of(table, first)} "
            f"({ids[first].as_py()}): export again and do not open the file in a spreadsheet before the import."
        )
    return export.leave(table, "rounded_id", rounded)


def _filled(table: pa.Table) -> Ints:
    """How many cells of each row hold a value."""
    filled = np.zeros(len(table), dtype=np.int64)
    for name in table.column_names:
        if name not in OWN_COLUMNS:
            filled += pc.is_valid(table.column(name)).to_numpy()
    return filled


def creations(export: Export, table: pa.Table, kind: RecordKind) -> dict[str, int]:
    """The creation of each record by the key of its id, deleted and merged ones too."""
    read = export.times(table, kind.created)
    ids = kind.key(column(table, kind.id)).to_pylist()
    rows = zip(ids, read.us.tolist(), read.known.tolist(), strict=True)
    return {id_: us for id_, us, known in rows if id_ and known}


def are_deleted(table: pa.Table, kind: RecordKind) -> Mask:
    """Which rows the system or the loader marks as deleted (n,)."""
    deleted = np.zeros(len(table), dtype=np.bool_)
    for name in (*kind.deleted, DELETED):
        marked, _ = booleans(column(table, name))
        deleted |= marked
    return deleted


def read_records(export: Export, table: pa.Table, kind: RecordKind) -> Records:
    """Records with a good id and a creation; every other row is set aside. Raises InvalidInput without any."""
    records = newest_records(export, with_good_ids(export, table, kind), kind)
    return Records(with_creation(export, records.current, kind), records.versions, records.erased)


def newest_records(export: Export, table: pa.Table, kind: RecordKind) -> Records:
    """The newest row of each record; deleted records and older rows are set aside, rows of versions are used."""
    codes = kind.key(column(table, kind.id)).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = _oldest_first(export, table, kind)
    place = np.full(int(codes.max()) + 1 if len(codes) else 0, -1, dtype=np.int64)
    place[codes[order]] = order  # the last assignment of a place stays
    is_newest = np.zeros(len(table), dtype=np.bool_)
    is_newest[place] = True

    gone = np.isin(codes, np.unique(codes[is_newest & are_deleted(table, kind)]))
    erased = tuple(dict.fromkeys(column(table, kind.id).filter(pa.array(gone)).to_pylist()))
    is_version = pc.is_valid(column(table, VERSION)).to_numpy(zero_copy_only=False)
    versions = table.filter(pa.array(is_version & ~gone))

    export.leave(table, "deleted", gone)
    export.leave(table, "older_row_of_the_same_id", ~gone & ~is_newest & ~is_version)
    export.use(table.filter(pa.array(~gone & ~is_newest & is_version)))
    return Records(table.filter(pa.array(~gone & is_newest)), versions, erased)


def with_creation(export: Export, current: pa.Table, kind: RecordKind) -> pa.Table:
    """The records whose creation is known, as used rows; raises InvalidInput without any."""
    created = export.times(current, kind.created)
    if len(current) and not created.known.any():
        example = column(current, kind.created).to_pylist()[0]
        raise InvalidInput(
            f"{kind.name}: no {kind.created} can be read, the first is {example!r}; export it as ISO 8601."
        )
    current = export.leave(current, "bad_created_date", ~created.known)
    export.use(current)
    if not len(current):
        one = kind.singular or kind.name
        raise InvalidInput(
            f"the export holds no {one} that can be used: export all of them{_reasons(export, kind)}."
        )
    return current


def _reasons(export: Export, kind: RecordKind) -> str:
    """What became of each file, for a message: why rows were set aside, and what the other files hold."""
    accounts = [account for account in export.accounts if account.kind == kind.name]
    entries = [entry for account in accounts for entry in account.set_aside.values()]
    reasons = "".join(f"; {entry.count:,} set aside, the first: {entry.first}" for entry in entries)
    others = [f"{account.file} ({account.kind})" for account in export.accounts if account.kind != kind.name]
    others += [f"{file} (no table of {export.system})" for file in export.unclaimed]
    return reasons + (f"; of no use without them: {', '.join(others)}" if others else "")


def _oldest_first(export: Export, table: pa.Table, kind: RecordKind) -> Ints:
    """The order of rows by their last modification, file order among equals; versions come before the present row."""
    us = np.full(len(table), NO_TIME, dtype=np.int64)
    for name in (*kind.modified, VERSION):
        read = export.times(table, name)
        us = np.where(read.known, np.maximum(us, read.us), us)
    is_present = pc.is_null(column(table, VERSION)).to_numpy(zero_copy_only=False)
    return np.lexsort((us, is_present))


def exported_at(export: Export, tables: Iterable[tuple[pa.Table, Sequence[str]]]) -> int:
    """When an export was made: the latest past time in these columns of its tables; now without any."""
    now_us = export.options.now_us
    latest = NO_TIME
    for table, names in tables:
        for name in names:
            read = export.times(table, name)
            past = read.us[read.known & (read.us <= now_us)]
            latest = max(latest, int(past.max()) if len(past) else latest)
    return now_us if latest == NO_TIME else latest


def latest_closing(export: Export, table: pa.Table, name: str) -> int:
    """The latest past closing, a bare day at its end; NO_TIME without any. An export is not older than that."""
    read = export.times(table, name)
    us = np.where(read.is_date, end_of_day(read.us, export.options.zone), read.us)
    past = us[read.known & (us <= export.options.now_us)]
    return int(past.max()) if len(past) else NO_TIME


def names_by_id(table: pa.Table, id_: str, names: Sequence[str]) -> dict[str, str]:
    """id -> the first of these columns with a value, else the others joined: full name, first name, last name."""
    full, *parts = (column(table, name).to_pylist() for name in names)
    rests = zip(*parts, strict=True) if parts else ([] for _ in full)
    rows = zip(column(table, id_).to_pylist(), full, rests, strict=True)
    named = {key: name or " ".join(filter(None, rest)) for key, name, rest in rows if key}
    return {key: name for key, name in named.items() if name}
