"""An export as its system's adapter sees it: tables of declared fields by object, every row accounted for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.formats.accounts import Account
from connectors.formats.sources import BATCH_ROWS
from connectors.reading.declare import Trap
from connectors.reading.ids import are_rounded, is_id_name
from connectors.reading.options import Progress, ReadOptions
from connectors.reading.recognise import Recognised
from connectors.reading.unread import UnreadCells
from connectors.reading.values import (
    read_times,
    without_errors,
    without_nothing,
)
from connectors.reading.words import is_true
from history.base.arrays import Ints, Mask
from history.folder.values.columns import Times
from history.folder.values.zero_dates import times_of_zero
from history.text.placeholders import are_placeholders

SOURCE: Final = "_source"  # columns of each table: the place of its source, and the row in that file
ROW: Final = "_row"
DELETED: Final = "_deleted"  # the loader's own mark of a deleted row
VERSION: Final = "_version"  # since when a row of a table of versions was valid
DELETION_TIME: Final = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
OWN_COLUMNS: Final = (SOURCE, ROW, DELETED, VERSION)
ERRORS: Final = "cells hold the error of a spreadsheet, such as #N/A: they count as empty"
NOTHING_NOTE: Final = "cells hold a word for nothing, such as NULL or -: they count as empty"
PLACEHOLDER_NOTE: Final = "dates stand for none, such as 1900-01-01 or 0000-00-00: they count as missing"
ROUNDED_NOTE: Final = "were rounded by a spreadsheet (2.19E+10): their rows belong to no record"


@dataclass
class Export:
    """The recognised sources of an export with an account each, in one order.

    ignored: columns left out, by kind. earlier: the tables of an earlier import; newest_us: when the newest export in
    them was made, 0 if unknown.
    """

    system: str
    sources: Sequence[Recognised]
    accounts: Sequence[Account]
    unclaimed: Sequence[str]
    options: ReadOptions
    order: str | None
    progress: Progress
    ignored: dict[str, list[str]] = field(default_factory=dict)
    # What was read otherwise than it stands, by what was done; notes of import.json in the end.
    tallies: dict[str, int] = field(default_factory=dict)
    unread: UnreadCells = field(default_factory=UnreadCells)
    notes: list[str] = field(default_factory=list)  # decisions that people should know, for import.json
    lacks: list[str] = field(default_factory=list)  # what the export says nothing of, and which export does
    earlier: Mapping[str, pa.Table] = field(default_factory=dict)
    newest_us: int = 0

    def has(self, kind: str) -> bool:
        return any(source.kind.name == kind for source in self.sources)

    def has_field(self, kind: str, *names: str) -> bool:
        """Whether a table of this kind has one of these fields."""
        return any(source.kind.name == kind and set(names) & set(source.columns) for source in self.sources)

    def batches(self, kind: str) -> Iterator[pa.Table]:
        """Tables of one kind by batches: each declared field of the kind (null if the file lacks it), OWN_COLUMNS,
        and the file's other columns under their own names.
        """
        for place, source in enumerate(self.sources):
            if source.kind.name == kind:
                yield from self._batches(place, source)

    def combined(self, kind: str) -> Iterator[pa.Table]:
        """`batches` with those of small files joined: an hour of events a file is usual."""
        waiting: list[pa.Table] = []
        for batch in self.batches(kind):
            waiting.append(batch)
            if sum(map(len, waiting)) >= BATCH_ROWS // 2:
                yield _concatenated(waiting)
                waiting = []
        if waiting:
            yield _concatenated(waiting)

    def source_batches(self, place: int) -> Iterator[pa.Table]:
        """The batches of one source, as in `batches`."""
        yield from self._batches(place, self.sources[place])

    def _batches(self, place: int, source: Recognised) -> Iterator[pa.Table]:
        self.progress(f"reading {source.source.file}", place / max(len(self.sources), 1))
        special = [column for column in (source.deleted_column, source.version_column) if column]
        others = source.others
        if source.kind.streamed:
            others = tuple(name for name in others if name.startswith(source.kind.kept))
        wanted = list(dict.fromkeys([*source.columns.values(), *others, *special]))
        for batch in source.source.batches(self.accounts[place], wanted):
            rows = len(batch.table)
            nothing = pa.nulls(rows, pa.string())
            cells = self._cells(batch.table)
            table = {
                declared.name: cells[source.columns[declared.name]]
                if declared.name in source.columns
                else nothing
                for declared in source.kind.fields
            }
            bare = {source.kind.bare(name): cells[name] for name in others}
            table |= {name: values for name, values in bare.items() if name not in table}
            table[SOURCE] = pa.array(np.full(rows, place, dtype=np.int32))
            table[ROW] = pa.array(batch.rows)
            for name, column in ((DELETED, source.deleted_column), (VERSION, source.version_column)):
                table[name] = cells[column] if column else nothing
            table[DELETED] = _marks(table[DELETED])
            self._tally_rounded(source, table)
            yield pa.table(table)

    def _tally_rounded(self, source: Recognised, table: Mapping[str, pa.Array]) -> None:
        """Counts ids that a spreadsheet has rounded: their rows belong to no record."""
        for name in filter(is_id_name, source.columns):
            count = int(are_rounded(table[name]).sum())
            self.tally(f"ids in {source.source.file}, column {source.columns[name]}, {ROUNDED_NOTE}", count)

    def _cells(self, table: pa.Table) -> dict[str, pa.ChunkedArray]:
        """The columns of a table; errors of a spreadsheet are no values, and counted."""
        read = {name: without_errors(table.column(name)) for name in table.column_names}
        self.tally(ERRORS, sum(count for _, count in read.values()))
        given = {name: without_nothing(texts) for name, (texts, _) in read.items()}
        self.tally(NOTHING_NOTE, sum(count for _, count in given.values()))
        return {name: texts for name, (texts, _) in given.items()}

    def table(self, kind: str) -> pa.Table:
        """All rows of one kind; a table without rows if the export has none."""
        batches = list(self.batches(kind))
        if batches:
            return pa.concat_tables(batches, promote_options="default").combine_chunks()
        declared = next((s.kind for s in self.sources if s.kind.name == kind), None)
        names = [f.name for f in declared.fields] if declared else []
        columns = {name: pa.array([], pa.string()) for name in (*names, DELETED, VERSION)}
        columns |= {SOURCE: pa.array([], pa.int32()), ROW: pa.array([], pa.int64())}
        return pa.table(columns)

    def use(self, table: pa.Table) -> None:
        """Counts the rows of a table as used."""
        places, counts = np.unique(table.column(SOURCE).to_numpy(), return_counts=True)
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            self.accounts[place].rows_used += count

    def leave(self, table: pa.Table, reason: str, broken: Mask) -> pa.Table:
        """Sets the rows of `broken` (n,) aside for a reason; returns the others."""
        if not broken.any():
            return table
        out = table.filter(pa.array(broken))
        places, rows = out.column(SOURCE).to_numpy(), out.column(ROW).to_numpy()
        for place in np.unique(places).tolist():
            self.accounts[place].leave(reason, rows[places == place])
        return table.filter(pa.array(~broken))

    def unaccounted(self) -> "Export":
        """The same export for a further reading, whose rows are counted elsewhere."""
        accounts = [Account(account.file, account.kind) for account in self.accounts]
        return replace(self, accounts=accounts, tallies={}, unread=UnreadCells())

    def tally(self, what: str, count: int) -> None:
        """Counts what was read otherwise than it stands, for the notes of import.json."""
        if count:
            self.tallies[what] = self.tallies.get(what, 0) + count

    def lack(self, what: str | None) -> None:
        """Notes what the export says nothing of, None for nothing."""
        if what is not None:
            self.lacks.append(what)

    def place_of(self, table: pa.Table, row: int) -> str:
        """The file and the row in it of a row of a table, for messages."""
        file = self.accounts[table.column(SOURCE)[row].as_py()].file
        return f"{file}, row {table.column(ROW)[row].as_py()}"

    def leave_unused(self) -> None:
        """Sets every row of the tables aside that are known and not needed."""
        for kind in dict.fromkeys(source.kind for source in self.sources if source.kind.unused):
            for batch in self.batches(kind.name):
                self.leave(batch, kind.unused, np.ones(len(batch), dtype=np.bool_))

    def times(self, table: pa.Table, name: str, label: str | None = None) -> Times:
        """A column of a table as instants in the export's zone and order of day and month.

        Cells that are no times are noted under the label, the column's name without one.
        """
        if name not in table.column_names:
            nothing = np.zeros(len(table), dtype=np.bool_)
            return Times(np.zeros(len(table), dtype=np.int64), nothing, nothing, nothing)
        texts = column(table, name)
        read = read_times(texts, self.options.zone, self.order)
        if (read.given & ~read.good).any():
            read = read_times(times_of_zero(texts), self.options.zone, self.order)
        are_none = read.given & read.good & are_placeholders(read.us)
        if are_none.any():
            self.tally(PLACEHOLDER_NOTE, int(are_none.sum()))
            read = replace(read, given=read.given & ~are_none, good=read.good & ~are_none)
        self.unread.add(f"times of {label or name}", texts, read.given & ~read.good)
        return read

    def ignore(self, kind: str, names: Iterable[str]) -> None:
        """Lists columns of a kind that were left out, for import.json."""
        listed = self.ignored.setdefault(kind, [])
        listed += [name for name in names if name not in listed]

    def ignore_trapped(self) -> None:
        """Lists the fields that hold today's value, follow from the outcome or are the system's own."""
        traps = (Trap.TODAY, Trap.OUTCOME, Trap.IGNORE)
        for source in self.sources:
            names = (field.name for field in source.kind.fields if field.trap in traps)
            self.ignore(source.kind.name, (name for name in names if name in source.columns))


def _concatenated(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of several files; a column that one of them lacks is null there."""
    return (
        tables[0]
        if len(tables) == 1
        else pa.concat_tables(tables, promote_options="default").combine_chunks()
    )


def _marks(deleted: pa.ChunkedArray) -> pa.ChunkedArray:
    """A loader's mark of deleted rows as a boolean: some loaders write when a row was deleted."""
    timed = pc.fill_null(pc.match_substring_regex(deleted, DELETION_TIME), False)
    return pc.if_else(timed, "true", deleted)


def column(table: pa.Table, name: str) -> pa.Array:
    """One column of texts as one array, null throughout if the table lacks it."""
    if name not in table.column_names:
        return pa.nulls(len(table), pa.string())
    array = table.column(name)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def booleans(array: pa.Array) -> tuple[Mask, Mask]:
    """Which values are true words and which are false words (n,), by words of several languages."""
    encoded = array.dictionary_encode()
    meanings = [is_true(word) for word in encoded.dictionary.to_pylist()] + [None]
    codes: Ints = pc.fill_null(encoded.indices, len(meanings) - 1).to_numpy(zero_copy_only=False)
    true = np.array([meaning is True for meaning in meanings], dtype=np.bool_)
    false = np.array([meaning is False for meaning in meanings], dtype=np.bool_)
    return true[codes], false[codes]
