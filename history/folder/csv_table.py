"""A table of a data folder from a CSV file."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from history.base.arrays import Ints
from history.config.schema import ROW_ID, TABLES, TEXT, TIME
from history.folder.csv import (
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
from history.folder.encodings import NAMES, UTF_8
from history.folder.raw_table import RawTable, joined
from history.folder.wanted_columns import WantedColumns


def read_csv(
    path: Path, wanted: WantedColumns, problems: list[str], encoding: str = UTF_8
) -> RawTable | None:
    """The table, or None after its problems were added; encoding: a key of history.folder.encodings.NAMES.

    Raises UnicodeDecodeError, OSError, csv.Error or pa.ArrowException for an unreadable file.
    """
    if (foreign := foreign_bytes(path)) is not None:
        problems.append(f"{path.name} is {foreign}.")
        return None
    name = wanted.table
    header = read_header(path, encoding)
    if not any(header.names):
        problems.append(f"{path.name} is empty: expected a header with {', '.join(TABLES[name].needed)}.")
        return None
    sources = _csv_sources(path, header, wanted, problems)
    if sources is None:
        return None
    layout, place = TABLES[name], {column: str(i) for i, column in enumerate(header.names)}
    types = {place[column]: pa.string() for column in sources.values()}
    for canonical, column in sources.items():
        if layout.role(canonical) == TEXT and canonical != ROW_ID:
            types[place[column]] = pa.dictionary(pa.int32(), pa.string())
    near = wanted.near(header.names)
    if not header.has_rows:
        nothing = {canonical: pa.array([], pa.string()) for canonical in sources}
        return RawTable(name, nothing, range(0), near=near, header=header.names)
    table, ragged = parse(path, header, types, encoding)
    if (unclosed := unclosed_quote(path, table, ragged)) is not None:
        problems.append(f"{path.name}: a quote is never closed: {unclosed[:80]!r}.")
        return None
    first = header.before + 2
    numbers: Ints | range = range(first, first + table.num_rows + len(ragged))
    if ragged:
        numbers = np.delete(np.asarray(numbers), np.array([row.row - first for row in ragged]))
    chunked = {canonical: table.column(place[column]) for canonical, column in sources.items()}
    del table  # so that each column's chunks are freed as soon as they are joined
    columns, layouts = joined(chunked, [name for name in sources if layout.role(name) == TIME])
    return RawTable(
        name, columns, numbers, ragged, near, header.names, encoding=NAMES[encoding], layouts=layouts
    )


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
