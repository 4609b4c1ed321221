"""Parquet tables, one file or a folder of part files, to columns, with a check of their types."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from history.config.schema import NUMBER, TABLES, TIME
from history.folder.tables.raw_table import RawTable, is_encoded, joined, times_of
from history.folder.tables.wanted_columns import WantedColumns

ROWS_AT_ONCE: Final = 1 << 16
NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"  # of a partition without one


def part_files(folder: Path) -> list[Path]:
    """The Parquet files in a folder and its subfolders in order of their paths, without hidden ones and _metadata."""
    return [
        path
        for path in sorted(folder.rglob("*.parquet"))
        if path.is_file() and not any(name[0] in "._" for name in path.relative_to(folder).parts)
    ]


@dataclass(frozen=True)
class ParquetTable:
    """A table whose columns are understood; sources: canonical name -> the file's column of the common schema."""

    parts: "list[_Part]"
    schema: pa.Schema
    sources: Mapping[str, str]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(part.count for part in self.parts)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows by canonical names, of one type a column, some at a time."""
        fields = {name: self.schema.field(source) for name, source in self.sources.items()}
        for part in self.parts:
            yield from part.batches(fields)


def parquet_table(path: Path, name: str, wanted: WantedColumns, problems: list[str]) -> ParquetTable | None:
    """The table, or None after its problems were added; raises as read_parquet."""
    files = part_files(path) if path.is_dir() else [path]
    parts = [_Part(path, file) for file in files]
    schema = parts[0].schema if len(parts) == 1 else _common_schema(parts)
    sources = wanted.sources(path, schema.names, problems)
    if sources is None:
        return None
    faults = [
        f"{path.name}: column {source!r} holds {schema.field(source).type}, expected {expected}."
        for canonical, source in sources.items()
        if (expected := _expected_instead(TABLES[name].role(canonical), schema.field(source).type))
        is not None
    ]
    problems += faults
    return None if faults else ParquetTable(parts, schema, sources)


def read_parquet(path: Path, name: str, wanted: WantedColumns, problems: list[str]) -> RawTable | None:
    """The table, or None after its problems were added; raises OSError or pa.ArrowException for an unreadable file.

    path: a file, or a folder of part files, whose rows follow each other in order of their paths. Folders such as
    date=2026-01-01 between the two give a column, date.
    """
    table = parquet_table(path, name, wanted, problems)
    if table is None:
        return None
    schema = table.schema
    columns: dict[str, pa.Array] = {}
    layouts: dict[str, str] = {}
    for canonical, source in table.sources.items():
        column = _column(table.parts, schema.field(source), is_encoded(name, canonical))
        read = joined({canonical: column}, times_of(name, [canonical]))
        columns |= read.columns
        layouts |= read.layouts
    near = wanted.near(schema.names)
    return RawTable(name, columns, range(1, table.count + 1), near=near, header=schema.names, layouts=layouts)


def _common_schema(parts: Sequence["_Part"]) -> pa.Schema:
    """The columns of all parts, by the type that holds the values of each."""
    plain = [pa.schema([field.with_type(plain_type(field.type)) for field in part.schema]) for part in parts]
    return pa.unify_schemas(plain, promote_options="permissive")


class _Part:
    """One file of a table: the columns that it holds, and those of the folders above it."""

    def __init__(self, table: Path, path: Path) -> None:
        self._path = path
        try:
            self._metadata = pq.read_metadata(path)
        except (OSError, pa.ArrowException) as error:
            raise self._named(table, error) from error
        own = self._metadata.schema.to_arrow_schema().remove_metadata()
        self._keys = {key: value for key, value in _keys(table, path).items() if key not in own.names}
        self._own = own
        self.schema = pa.schema([*own, *(pa.field(key, pa.string()) for key in self._keys)])
        self.count = int(self._metadata.num_rows)
        self._table = table

    def column(self, name: str, encoded: bool) -> pa.ChunkedArray:
        """A column, null in every row if this part lacks it; encoded: its texts as codes."""
        if name not in self._own.names:
            return pa.chunked_array([pa.repeat(pa.scalar(self._keys.get(name), pa.string()), self.count)])
        is_text = pa.types.is_string(self._own.field(name).type)
        try:
            with pq.ParquetFile(
                self._path, metadata=self._metadata, read_dictionary=[name] if encoded and is_text else None
            ) as file:
                return file.read(columns=[name]).column(0)
        except (OSError, pa.ArrowException) as error:
            raise self._named(self._table, error) from error

    def batches(self, fields: Mapping[str, pa.Field]) -> Iterator[pa.RecordBatch]:
        """The rows of these fields by their keys; a field that this part lacks is null or its folder's key."""
        own = [field.name for field in fields.values() if field.name in self._own.names]
        try:
            with pq.ParquetFile(self._path, metadata=self._metadata) as file:
                for batch in file.iter_batches(ROWS_AT_ONCE, columns=list(dict.fromkeys(own))):
                    yield pa.record_batch({name: self._cast(batch, field) for name, field in fields.items()})
        except (OSError, pa.ArrowException) as error:
            raise self._named(self._table, error) from error

    def _cast(self, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
        kind = plain_type(field.type)
        if field.name in self._own.names:
            return batch.column(field.name).cast(kind)
        return pa.repeat(pa.scalar(self._keys.get(field.name), pa.string()), len(batch)).cast(kind)

    def _named(self, table: Path, error: Exception) -> Exception:
        return error if table == self._path else OSError(f"{self._path.relative_to(table)}: {error}")


def _keys(table: Path, path: Path) -> Mapping[str, str | None]:
    """The keys of the folders between a table and its part: date of date=2026-01-01."""
    pairs = (folder.split("=", 1) for folder in path.relative_to(table).parts[:-1] if "=" in folder)
    return {unquote(key): None if value == NO_VALUE else unquote(value) for key, value in pairs}


def _column(parts: list[_Part], field: pa.Field, encoded: bool) -> pa.ChunkedArray:
    """A column of all parts, of one type."""
    kind = plain_type(field.type)
    chunks: list[pa.Array] = []
    for part in parts:
        column = part.column(field.name, encoded)
        is_encoded = pa.types.is_dictionary(column.type) and column.type.value_type == kind
        chunks += (column if is_encoded and encoded else column.cast(kind)).chunks
    if any(pa.types.is_dictionary(chunk.type) for chunk in chunks):
        chunks = [
            chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode() for chunk in chunks
        ]
    return pa.chunked_array(chunks, None if chunks else kind)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values of a column, which may be kept as codes."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _expected_instead(role: str, kind: pa.DataType) -> str | None:
    """The types that a column of this role may hold, None if `kind` is one of them."""
    kind = plain_type(kind)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    is_time = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    if any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        return None
    if pa.types.is_null(kind):
        return None
    if role == TIME:
        return None if is_time else "timestamps, dates or ISO 8601 texts"
    if role == NUMBER:
        return None if is_number else "numbers"
    if is_number or is_time or pa.types.is_boolean(kind):
        return None
    return "texts, numbers, booleans, dates or timestamps; convert it, or name it in attributes.ignore of funnel.toml"
