"""Files to columns: one table of a data folder read with pyarrow, faults listed, nothing judged yet."""

import csv
import gzip
import io
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from features.config import FunnelConfig
from features.event_log import Ints
from features.layout import NUMBER, TABLES, TEXT, TIME

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
BLOCK_BYTES: Final = 1 << 23
MOST_COLUMNS: Final = 10_000


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
    lines between rows are not counted.
    """

    name: str
    columns: dict[str, pa.Array]
    row_numbers: Ints
    ragged: list[RaggedRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def cell(self, column: str, index: int) -> Any:
        return python_value(self.columns[column][index])

    def row_text(self, index: int) -> str:
        """The row as one line of CSV, columns in the file's order."""
        line = io.StringIO()
        values = [self.cell(column, index) for column in self.columns]
        csv.writer(line, lineterminator="").writerow(["" if value is None else value for value in values])
        return line.getvalue()


def read_tables(folder: Path, config: FunnelConfig, whole: bool, problems: list[str]) -> dict[str, RawTable]:
    """Every table that the folder holds; each fault is added to `problems` and its table left out.

    whole also reads columns that no rule needs, so that a rejected row can be shown in full. Columns of leads in
    config.ignore are never read.
    """
    if not folder.is_dir():
        problems.append(
            f"{folder} is not a folder: give the folder that holds leads.csv and the other tables."
        )
        return {}
    tables: dict[str, RawTable] = {}
    for name in TABLES:
        paths = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
        found = [path for path in paths if os.path.lexists(path)]
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            problems.append(f"{name}: found {names}; keep one file a table.")
        elif (
            found
            and (table := _read_table(found[0], name, _Wanted(config, name, whole), problems)) is not None
        ):
            tables[name] = table
        elif not found and name == "leads":
            problems.append(f"leads: no {' or '.join(name + suffix for suffix in SUFFIXES)} in {folder}.")
    return tables


@dataclass(frozen=True)
class _Wanted:
    """Which columns of a file to read, and under which canonical names."""

    config: FunnelConfig
    table: str
    whole: bool

    def sources(self, path: Path, header: list[str], problems: list[str]) -> dict[str, str] | None:
        """Canonical name -> the file's column, in the file's order; None where a needed one is missing or double."""
        if len(header) > MOST_COLUMNS:
            problems.append(
                f"{path.name}: the file has {len(header):,} columns; at most {MOST_COLUMNS:,} are read, "
                "leave out what says nothing of a lead."
            )
            return None
        layout, mapping = TABLES[self.table], self.config.columns.get(self.table, {})
        faults = [
            f"{path.name}: column {column!r}, which [columns.{self.table}] names for {name}, is missing; "
            f"the file has {_listed(header)}."
            for name, column in mapping.items()
            if column not in header
        ]
        faults += [
            f"{path.name}: column {name!r} is missing; the file has {_listed(header)}. "
            f"{_separator_hint(header)}Name your column in [columns.{self.table}] of funnel.toml."
            for name in layout.needed
            if name not in mapping and name not in header
        ]
        sources = self._chosen(header)
        times = Counter(header)
        faults += [
            f"{path.name}: column {column!r} appears {times[column]} times; keep one."
            for column in sorted(set(sources.values()))
            if times[column] > 1
        ]
        problems += faults
        return None if faults else sources

    def _chosen(self, header: list[str]) -> dict[str, str]:
        layout, mapping = TABLES[self.table], self.config.columns.get(self.table, {})
        renamed: dict[str, list[str]] = {}
        for name, column in mapping.items():
            renamed.setdefault(column, []).append(name)
        chosen: dict[str, str] = {}
        for column in dict.fromkeys(header):
            names = renamed.get(column, [] if column in mapping or not column else [column])
            keep_all = layout.has_attributes or self.whole or column in renamed
            for name in names:
                read = name not in self.config.ignore or name in layout.needed or not layout.has_attributes
                if read and (keep_all or name in layout.columns):
                    chosen[name] = column
        return chosen


def _read_table(path: Path, name: str, wanted: _Wanted, problems: list[str]) -> RawTable | None:
    if not path.is_file():
        problems.append(
            f"{path.name} is a folder, a device or a link that leads nowhere; put the table there as a file."
        )
        return None
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path, name, wanted, problems)
        return _read_csv(path, name, wanted, problems)
    except UnicodeDecodeError as error:
        problems.append(f"{path.name} is not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8.")
    except (OSError, EOFError, pa.ArrowException, csv.Error, ValueError) as error:
        problems.append(f"{path.name} cannot be read: {_why(error)}")
    return None


def _read_parquet(path: Path, name: str, wanted: _Wanted, problems: list[str]) -> RawTable | None:
    with pq.ParquetFile(path) as file:
        sources = wanted.sources(path, file.schema_arrow.names, problems)
        if sources is None:
            return None
        table = file.read(columns=list(dict.fromkeys(sources.values())))
    columns = {canonical: _one_array(table.column(column)) for canonical, column in sources.items()}
    faults = [
        f"{path.name}: column {sources[canonical]!r} holds {array.type}, expected {expected}."
        for canonical, array in columns.items()
        if (expected := _other_type_expected(TABLES[name].role(canonical), array.type)) is not None
    ]
    if faults:
        problems += faults
        return None
    return RawTable(name, columns, np.arange(1, table.num_rows + 1, dtype=np.int64))


def _other_type_expected(role: str, kind: pa.DataType) -> str | None:
    """What a Parquet column of this role may hold, where `kind` is not of it."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    is_time = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    if pa.types.is_string(kind):
        return None
    if role == TIME:
        return None if is_time else "timestamps, dates or ISO 8601 texts"
    if role == NUMBER:
        return None if is_number else "numbers"
    if is_number or is_time or pa.types.is_boolean(kind):
        return None
    return "texts, numbers, booleans, dates or timestamps; convert it, or name it in attributes.ignore of funnel.toml"


def _read_csv(path: Path, name: str, wanted: _Wanted, problems: list[str]) -> RawTable | None:
    header, before, has_rows = _read_header(path)
    if not any(header):
        problems.append(f"{path.name} is empty: expected a header with {', '.join(TABLES[name].needed)}.")
        return None
    sources = wanted.sources(path, header, problems)
    if sources is None:
        return None
    layout, place = TABLES[name], {column: str(i) for i, column in enumerate(header)}
    types = {place[column]: pa.string() for column in sources.values()}
    for canonical, column in sources.items():
        if layout.role(canonical) == TEXT:
            types[place[column]] = pa.dictionary(pa.int32(), pa.string())
    if not has_rows:
        return RawTable(
            name, {canonical: pa.array([], pa.string()) for canonical in sources}, np.zeros(0, dtype=np.int64)
        )
    table, ragged = _parse_csv(path, (len(header), before), types)
    if (unclosed := _unclosed_quote(path, table, ragged)) is not None:
        problems.append(f"{path.name}: a quote is opened and never closed: {unclosed[:80]!r}.")
        return None
    columns = {canonical: _one_array(table.column(place[column])) for canonical, column in sources.items()}
    numbers = before + np.arange(2, table.num_rows + len(ragged) + 2, dtype=np.int64)
    if ragged:
        numbers = np.delete(numbers, np.array([row.row - before - 2 for row in ragged]))
    return RawTable(name, columns, numbers, ragged)


def _read_header(path: Path) -> tuple[list[str], int, bool]:
    """The names in the header, how many blank lines stand before it, and whether any row follows."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
        before, header = next(((i, row) for i, row in enumerate(csv.reader(text)) if row), (0, []))
        return [column.strip() for column in header], before, any(not line.isspace() for line in text)


def _unclosed_quote(path: Path, table: pa.Table, ragged: list[RaggedRow]) -> str | None:
    """What an unclosed quote swallowed: the rest of the file, as a ragged row or as a value of the last row."""
    swallowed = [row.text for row in ragged if row.text.count('"') % 2]
    last = [
        value for column in table.slice(max(table.num_rows - 1, 0)).columns for value in column.to_pylist()
    ]
    suspects = swallowed + [value for value in last if value and "\n" in value]
    return suspects[0] if suspects and _quotes(path) % 2 else None


def _quotes(path: Path) -> int:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return sum(piece.count(b'"') for piece in iter(lambda: file.read(1 << 20), b""))


def _parse_csv(
    path: Path, shape: tuple[int, int], types: Mapping[str, pa.DataType]
) -> tuple[pa.Table, list[RaggedRow]]:
    """The file's rows with every value as text; read again without threads where ragged rows need numbers.

    shape: the columns of the header, and the blank lines before it.
    """
    width, before = shape
    ragged: list[RaggedRow] = []

    def set_aside(row: Any) -> str:
        ragged.append(RaggedRow(row.number or 0, row.text, row.actual_columns, row.expected_columns))
        return "skip"

    def parse(threads: bool) -> pa.Table:
        return pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(
                use_threads=threads,
                column_names=[str(i) for i in range(width)],
                skip_rows=before,
                skip_rows_after_names=1,
                block_size=BLOCK_BYTES,
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, include_columns=list(types), strings_can_be_null=False, null_values=[]
            ),
        )

    table = parse(threads=True)
    if ragged:
        ragged.clear()
        table = parse(threads=False)
    return table, ragged


def python_value(cell: pa.Scalar) -> Any:
    """A cell as Python has it; as text where it is a time outside of years 1 to 9999, which Python cannot say."""
    try:
        return cell.as_py()
    except OverflowError:
        return cell.cast(pa.string()).as_py()


def _one_array(column: pa.ChunkedArray) -> pa.Array:
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


def _listed(header: list[str]) -> str:
    shown = ", ".join(repr(column) for column in header[:20])
    return shown + (f" and {len(header) - 20} more" if len(header) > 20 else "")


def _separator_hint(header: list[str]) -> str:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        return "Separate the columns by commas. "
    return ""


def _why(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    if "UTF8" in text:
        return f"{text}. Save it as UTF-8."
    if "straddling" in text:
        return "a value is longer than 8 MB; look for a quote that is never closed."
    return text
