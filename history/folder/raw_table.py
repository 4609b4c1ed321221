"""One table as read from its file: columns of pyarrow arrays, not validated yet."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints, Mask


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

    @property
    def row_count(self) -> int:
        """Rows of the file."""
        return len(self) - self.added + len(self.ragged)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def cell(self, column: str, index: int) -> Any:
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
