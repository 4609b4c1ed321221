"""Files to columns: one table of a data folder read with pyarrow, faults listed, nothing judged yet."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from history.arrays import Ints
from history.config import FunnelConfig
from history.folder.csv import (
    EXCEL_NOTE,
    OTHER_MARKS,
    UTF_8,
    Header,
    RaggedRow,
    apart,
    first_foreign_line,
    foreign_bytes,
    other_mark,
    parse,
    read_header,
    unclosed_quote,
)
from history.schema import NUMBER, TABLES, TEXT, TIME, TableLayout

SUFFIXES: Final = (".csv", ".csv.gz", ".parquet")
MOST_COLUMNS: Final = 10_000


@dataclass(frozen=True)
class RawTable:
    """One table as read: columns by canonical name (text columns dictionary-encoded), and the row number of each row.

    Rows are numbered as a spreadsheet shows them: a CSV's header is row 1; a Parquet file's first row is row 1. Blank
    lines between rows are not counted. near: columns of the file and the known names that they nearly have.
    """

    name: str
    columns: dict[str, pa.Array]
    row_numbers: Ints
    ragged: list[RaggedRow] = field(default_factory=list)
    near: Mapping[str, str] = field(default_factory=dict)

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
            problems.append(_no_leads(folder))
        if not found:
            problems += _other_case(folder, name)
    return tables


def _no_leads(folder: Path) -> str:
    there = sorted(path.name for path in folder.iterdir())
    names = " or ".join(f"leads{suffix}" for suffix in SUFFIXES)
    return f"leads: no {names} in {folder}; the folder has {_listed(there) or 'no files'}."


def _other_case(folder: Path, name: str) -> list[str]:
    """A table whose file is named in other case: it would be left out without a word."""
    wanted = {f"{name}{suffix}": suffix for suffix in SUFFIXES}
    return [
        f"{path.name} is not read: rename it to {path.name.lower()}."
        for path in sorted(folder.iterdir())
        if path.name.lower() in wanted and path.name not in wanted
    ]


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
        layout, mapping = self._layout()
        faults = [
            f"{path.name}: column {column!r}, which [columns.{self.table}] names for {name}, is missing; "
            f"the file has {_listed(header)}."
            for name, column in mapping.items()
            if column not in header
        ]
        faults += [
            f"{path.name}: column {name!r} is missing; the file has {_listed(header)}. "
            f"Name your column in [columns.{self.table}] of funnel.toml{_such_as(name, header)}."
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

    def near(self, header: list[str]) -> dict[str, str]:
        """Columns whose names are those of optional ones but for case, spaces and underscores, and which ones."""
        layout, mapping = self._layout()
        taken = {*mapping.values(), *self.config.ignore}
        missing = [name for name in layout.optional if name not in header and name not in mapping]
        return {column: name for name in missing for column in _alike(name, header) if column not in taken}

    @property
    def known(self) -> set[str]:
        """The names that a header of this table may have."""
        layout, mapping = self._layout()
        return {*layout.columns, *mapping.values()}

    def _layout(self) -> tuple[TableLayout, Mapping[str, str]]:
        return TABLES[self.table], self.config.columns.get(self.table, {})

    def _chosen(self, header: list[str]) -> dict[str, str]:
        layout, mapping = self._layout()
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
        problems.append(f"{path.name} is not UTF-8 ({error.reason}), {first_foreign_line(path)}: {UTF_8}.")
    except (OSError, EOFError, pa.ArrowException, csv.Error, ValueError) as error:
        problems.append(f"{path.name} cannot be read: {_why(path, error)}")
    return None


def _read_parquet(path: Path, name: str, wanted: _Wanted, problems: list[str]) -> RawTable | None:
    with pq.ParquetFile(path) as file:
        sources = wanted.sources(path, file.schema_arrow.names, problems)
        if sources is None:
            return None
        near = wanted.near(file.schema_arrow.names)
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
    return RawTable(name, columns, np.arange(1, table.num_rows + 1, dtype=np.int64), near=near)


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
    if (foreign := foreign_bytes(path)) is not None:
        problems.append(f"{path.name} is {foreign}.")
        return None
    header = read_header(path)
    if not any(header.names):
        problems.append(f"{path.name} is empty: expected a header with {', '.join(TABLES[name].needed)}.")
        return None
    sources = _csv_sources(path, header, wanted, problems)
    if sources is None:
        return None
    layout, place = TABLES[name], {column: str(i) for i, column in enumerate(header.names)}
    types = {place[column]: pa.string() for column in sources.values()}
    for canonical, column in sources.items():
        if layout.role(canonical) == TEXT:
            types[place[column]] = pa.dictionary(pa.int32(), pa.string())
    near = wanted.near(header.names)
    if not header.has_rows:
        nothing = {canonical: pa.array([], pa.string()) for canonical in sources}
        return RawTable(name, nothing, np.zeros(0, dtype=np.int64), near=near)
    table, ragged = parse(path, header, types)
    if (unclosed := unclosed_quote(path, table, ragged)) is not None:
        problems.append(f"{path.name}: a quote is opened and never closed: {unclosed[:80]!r}.")
        return None
    columns = {canonical: _one_array(table.column(place[column])) for canonical, column in sources.items()}
    numbers = header.before + np.arange(2, table.num_rows + len(ragged) + 2, dtype=np.int64)
    if ragged:
        numbers = np.delete(numbers, np.array([row.row - header.before - 2 for row in ragged]))
    return RawTable(name, columns, numbers, ragged, near)


def _csv_sources(path: Path, header: Header, wanted: _Wanted, problems: list[str]) -> dict[str, str] | None:
    """As _Wanted.sources; a header that other marks than commas separate is read apart, so that all comes at once."""
    if EXCEL_NOTE.fullmatch(",".join(header.names)):
        problems.append(
            f"{path.name}: its first line, {','.join(header.names)!r}, is a note for Excel: remove it, and separate "
            "the columns by commas."
        )
        return None
    mark = other_mark(header.names, wanted.known)
    if mark is None:
        return wanted.sources(path, header.names, problems)
    problems.append(
        f"{path.name}: {OTHER_MARKS[mark]} separate the columns; save it with the columns separated by commas "
        "(and numbers with a decimal point)."
    )
    wanted.sources(path, apart(header.names, mark), problems)
    return None


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


def _alike(name: str, header: list[str]) -> list[str]:
    return [column for column in header if column != name and _plain(column) == _plain(name)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _such_as(name: str, header: list[str]) -> str:
    return "".join(f': {name} = "{column}"' for column in _alike(name, header)[:1])


def _why(path: Path, error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    if "UTF8" in text:
        return f"it is not UTF-8, {first_foreign_line(path)}; {UTF_8}."
    if "straddling" in text:
        return "a value is longer than 8 MB; look for a quote that is never closed."
    return text
