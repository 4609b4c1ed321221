"""A table of a data folder from a CSV file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from history.base.arrays import Ints
from history.config.schema import TABLES
from history.folder.tables.csv import (
    EXCEL_NOTE,
    OTHER_MARKS,
    Header,
    foreign_bytes,
    other_mark,
    parse,
    read_header,
    split_names,
    unclosed_quote,
)
from history.folder.tables.encodings import NAMES, UTF_8
from history.folder.tables.raw_table import RaggedRow, RawTable, is_encoded, joined, times_of
from history.folder.tables.wanted_columns import WantedColumns


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header is understood; sources: canonical name -> column; encoding: as for read_csv."""

    path: Path
    header: Header
    sources: Mapping[str, str]
    encoding: str

    @property
    def places(self) -> dict[str, str]:
        """Canonical name -> the column's place in the header."""
        place = {column: str(i) for i, column in enumerate(self.header.names)}
        return {canonical: place[column] for canonical, column in self.sources.items()}

    @property
    def first_row(self) -> int:
        """The number of the first row below the header."""
        return self.header.before + 2


def csv_file(path: Path, wanted: WantedColumns, problems: list[str], encoding: str) -> CsvFile | None:
    """The file, or None after its problems were added; raises as read_csv."""
    if (foreign := foreign_bytes(path)) is not None:
        problems.append(f"{path.name} is {foreign}.")
        return None
    name = wanted.table
    header = read_header(path, encoding)
    if not any(header.names):
        problems.append(f"{path.name} is empty: expected a header with {', '.join(TABLES[name].needed)}.")
        return None
    sources = _csv_sources(path, header, wanted, problems)
    return None if sources is None else CsvFile(path, header, sources, encoding)


def read_csv(
    path: Path, wanted: WantedColumns, problems: list[str], encoding: str = UTF_8
) -> RawTable | None:
    """The table, or None after its problems were added; encoding: a key of history.folder.tables.encodings.NAMES.

    Raises UnicodeDecodeError, OSError, csv.Error or pa.ArrowException for an unreadable file.
    """
    file = csv_file(path, wanted, problems, encoding)
    if file is None:
        return None
    name, header, sources, place = wanted.table, file.header, file.sources, file.places
    types = {column: pa.string() for column in place.values()}
    for canonical, column in place.items():
        if is_encoded(name, canonical):
            types[column] = pa.dictionary(pa.int32(), pa.string())
    near = wanted.near(header.names)
    if not header.has_rows:
        nothing = {canonical: pa.array([], pa.string()) for canonical in sources}
        return RawTable(name, nothing, range(0), near=near, header=header.names)
    table, ragged = parse(path, header, types, encoding)
    if is_unclosed(path, table, ragged, problems):
        return None
    first = file.first_row
    numbers: Ints | range = range(first, first + table.num_rows + len(ragged))
    if ragged:
        numbers = np.delete(np.asarray(numbers), np.array([row.row - first for row in ragged]))
    chunked = {canonical: table.column(column) for canonical, column in place.items()}
    del table  # so that each column's chunks are freed as soon as they are joined
    columns, layouts = joined(chunked, times_of(name, sources))
    return RawTable(
        name, columns, numbers, ragged, near, header.names, encoding=NAMES[encoding], layouts=layouts
    )


def is_unclosed(path: Path, last: pa.Table, ragged: list[RaggedRow], problems: list[str]) -> bool:
    """True, and a problem, if a quote runs to the end of the file; last: its last rows, read with `ragged` ones."""
    unclosed = unclosed_quote(path, last, ragged)
    if unclosed is not None:
        problems.append(f"{path.name}: a quote is never closed: {unclosed[:80]!r}.")
    return unclosed is not None


def _csv_sources(
    path: Path, header: Header, wanted: WantedColumns, problems: list[str]
) -> dict[str, str] | None:
    """WantedColumns.sources; a header with another separator than commas is split by it, to report all problems."""
    if EXCEL_NOTE.fullmatch(",".join(header.names)):
        problems.append(
            f"{path.name}: its first line, {','.join(header.names)!r}, is a note for Excel; remove it, and separate "
            "the columns with commas."
        )
        return None
    mark = other_mark(header.names, wanted.known)
    if mark is None:
        return wanted.sources(path, header.names, problems)
    problems.append(
        f"{path.name}: the columns are separated by {OTHER_MARKS[mark]}; save it with commas "
        "(and numbers with a decimal point)."
    )
    wanted.sources(path, split_names(header.names, mark), problems)
    return None
