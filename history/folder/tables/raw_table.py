"""One table as read from its file: columns of pyarrow arrays, not validated yet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask
from history.config.schema import ROW_ID, TABLES, TEXT, TIME
from history.folder.tables.fixed_times import FixedTimes, fixed_times


@dataclass(frozen=True)
class RaggedRow:
    """A CSV row with more or fewer values than the header has columns."""

    row: int
    text: str
    got: int
    expected: int


@dataclass(frozen=True)
class RawTable:
    """One table as read: columns by canonical name (text columns dictionary-encoded), and the row number of each row.

    Rows are numbered as a spreadsheet shows them: a CSV's header is row 1; a Parquet file's first row is row 1. Blank
    lines between rows are not counted. near: columns of the file and the known names that they nearly have;
    header: all its columns.
    encoding: the name of the file's, for people.
    layouts: of columns of times that are kept as instants, and how their texts are written (see fixed_times.py).
    A cell that lists several ids gives a row for each: is_split (n,) marks the first, `added` counts the others.
    """

    name: str
    columns: dict[str, pa.Array]
    row_numbers: Ints | range
    ragged: list[RaggedRow] = field(default_factory=list)
    near: Mapping[str, str] = field(default_factory=dict)
    header: Sequence[str] = ()
    is_split: Mask | None = None
    added: int = 0
    encoding: str = "UTF-8"
    layouts: Mapping[str, str] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows of the file."""
        return len(self) - self.added + len(self.ragged)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def cell(self, column: str, index: int) -> Any:
        """The value of a cell, of a CSV's the text that stands there."""
        if column in self.layouts:
            return FixedTimes(self.columns[column], self.layouts[column]).text(index)
        return python_value(self.columns[column][index])

    def row_text(self, index: int) -> str:
        """The row as one line of CSV, columns in the file's order."""
        line = io.StringIO()
        values = [self.cell(column, index) for column in self.columns]
        # A text with a line break is quoted only if the terminator has that character.
        writer = csv.writer(line, lineterminator="\r\n")
        writer.writerow(["" if value is None else value for value in values])
        return line.getvalue().removesuffix("\r\n")


def python_value(cell: pa.Scalar) -> Any:
    """A cell as a Python value; a time outside of the years 1 to 9999, which Python cannot represent, as text."""
    try:
        return cell.as_py()
    except OverflowError:
        return cell.cast(pa.string()).as_py()


class JoinedColumns(NamedTuple):
    """Columns in one piece, and the layouts of those of times that became instants."""

    columns: dict[str, pa.Array]
    layouts: dict[str, str]


def joined(chunked: dict[str, pa.ChunkedArray], times: Sequence[str]) -> JoinedColumns:
    """Each column in one piece, taken out of `chunked`, so that no second copy of the table is alive.

    times: columns whose texts are kept as instants if they are written alike.
    """
    columns, layouts = {}, {}
    for name in list(chunked):
        column = chunked.pop(name)
        fixed = fixed_times(column) if name in times else None
        if fixed is None:
            columns[name] = one_array(column)
        else:
            columns[name], layouts[name] = fixed.array, fixed.layout
    return JoinedColumns(columns, layouts)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece, its texts of the type that every reader here expects."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    if any(
        test(column.type) for test in (pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    ):
        column = pc.cast(column, pa.string())
    if column.num_chunks == 0:
        return pa.array([], column.type)
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def is_encoded(table: str, column: str) -> bool:
    """Whether the texts of a column are kept as codes."""
    return TABLES[table].role(column) == TEXT and column != ROW_ID


def times_of(table: str, columns: Iterable[str]) -> list[str]:
    """Those of the columns that hold times."""
    return [name for name in columns if TABLES[table].role(name) == TIME]
