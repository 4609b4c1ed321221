"""The parts of a CSV file: its header, its rows by pyarrow, rows of another width, and other formats by their bytes."""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.csv as pa_csv

from history.folder.tables.encodings import UTF_8
from history.folder.tables.raw_table import RaggedRow

BLOCK_BYTES: Final = 1 << 23
OTHER_MARKS: Final[Mapping[str, str]] = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
FIRST_BYTES: Final = 4096
FOREIGN: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "an Excel workbook or a zip archive; save the sheet as CSV in UTF-8",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"\x1f\x8b": "a gzip archive; let its name end in .csv.gz",
}
SAVE_AS: Final = "save it as UTF-8 (in Excel: CSV UTF-8, comma delimited)"
# A mark at the beginning is no part of the first name; pyarrow reads its own name of UTF-8 without transcoding.
WITH_MARK: Final = {UTF_8: "utf-8-sig"}
ARROW_NAMES: Final = {UTF_8: "utf8"}
EXCEL_NOTE: Final = re.compile(r"sep=.?")


@dataclass(frozen=True)
class Header:
    """The names of a CSV's header, the number of blank lines before it, and whether any row follows."""

    names: list[str]
    before: int
    has_rows: bool


def opened(path: Path) -> BinaryIO:
    """The file's bytes, decompressed if its name ends in .gz."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_header(path: Path, encoding: str) -> Header:
    """Raises UnicodeDecodeError, OSError or csv.Error for what cannot be read."""
    with opened(path) as binary:
        text = io.TextIOWrapper(binary, encoding=WITH_MARK.get(encoding, encoding), newline="")
        before, names = next(((i, row) for i, row in enumerate(csv.reader(text)) if row), (0, []))
        return Header([name.strip() for name in names], before, any(not line.isspace() for line in text))


def other_mark(names: list[str], known: Iterable[str]) -> str | None:
    """The separator of the columns if it is not the comma: split by it, the header has a known name."""
    line = ",".join(names)
    for mark in OTHER_MARKS:
        parts = _parts(line, mark)
        if len(parts) > len(names) and (len(names) == 1 or set(parts) & set(known)):
            return mark
    return None


def split_names(names: list[str], mark: str) -> list[str]:
    """The names of a header split by `mark` instead of commas."""
    return _parts(",".join(names), mark)


def _parts(line: str, mark: str) -> list[str]:
    return [part.strip(' "') for part in line.split(mark)]


def foreign_bytes(path: Path) -> str | None:
    """The format of a file that is not UTF-8 text, by its first bytes; None if they are of no other known format."""
    try:
        with opened(path) as file:
            first = file.read(FIRST_BYTES)
    except (OSError, EOFError):
        return None
    for beginning, what in FOREIGN.items():
        if first.startswith(beginning):
            return what
    return None


def first_foreign_line(path: Path) -> str:
    """The number and an excerpt of the first line that is not UTF-8."""
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                about = line[max(error.start - 20, 0) : error.end + 20].decode(errors="replace")
                return f"line {number}: {about!r}"
    return "the file"


def unclosed_quote(path: Path, table: pa.Table, ragged: list[RaggedRow]) -> str | None:
    """The text after an unclosed quote, which runs to the end of the file: a ragged row or a value of the last row."""
    swallowed = [row.text for row in ragged if row.text.count('"') % 2]
    last = [
        value for column in table.slice(max(table.num_rows - 1, 0)).columns for value in column.to_pylist()
    ]
    suspects = swallowed + [value for value in last if value and "\n" in value]
    return suspects[0] if suspects and _quotes(path) % 2 else None


def _quotes(path: Path) -> int:
    with opened(path) as file:
        return sum(piece.count(b'"') for piece in iter(lambda: file.read(1 << 20), b""))


def parse(
    path: Path, header: Header, types: Mapping[str, pa.DataType], encoding: str
) -> tuple[pa.Table, list[RaggedRow]]:
    """The columns of `types` (place in the header -> type) with every value as text, and the rows of another width.

    If such rows exist, the file is read again without threads: only then does pyarrow number them.
    """
    ragged: list[RaggedRow] = []
    table = pa_csv.read_csv(path, **_options(header, types, encoding, ragged, threads=True))
    if ragged:
        ragged.clear()
        table = pa_csv.read_csv(path, **_options(header, types, encoding, ragged, threads=False))
    return table, ragged


def stream(
    path: Path, header: Header, types: Mapping[str, pa.DataType], encoding: str
) -> tuple[Iterator[pa.RecordBatch], list[RaggedRow]]:
    """`parse` batch by batch; rows of another width up to the end of a batch are there once it is read."""
    ragged: list[RaggedRow] = []
    return pa_csv.open_csv(path, **_options(header, types, encoding, ragged, threads=False)), ragged


def _options(
    header: Header,
    types: Mapping[str, pa.DataType],
    encoding: str,
    ragged: list[RaggedRow],
    *,
    threads: bool,
) -> dict[str, Any]:
    """How a file is parsed; rows of another width are appended to `ragged`."""

    def set_aside(row: Any) -> str:
        ragged.append(RaggedRow(row.number or 0, row.text, row.actual_columns, row.expected_columns))
        return "skip"

    return {
        "read_options": pa_csv.ReadOptions(
            use_threads=threads,
            column_names=[str(i) for i in range(len(header.names))],
            skip_rows=header.before,
            skip_rows_after_names=1,
            block_size=BLOCK_BYTES,
            encoding=ARROW_NAMES.get(encoding, encoding),
        ),
        "parse_options": pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
        "convert_options": pa_csv.ConvertOptions(
            column_types=types, include_columns=list(types), strings_can_be_null=False, null_values=[]
        ),
    }
