"""Large files of JSON Lines as sources: read in blocks of lines, typed by pyarrow, never held as a whole."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.json as pa_json

from connectors.formats.accounts import Account
from connectors.formats.json import Flat, flat_record, line_records
from connectors.formats.nested import IrregularError, Names, flat_columns, record_lists
from connectors.formats.sources import BATCH_ROWS, Batch, Batches, Source
from history.base.errors import InvalidInput

BLOCK_BYTES: Final = 16 << 20


def open_json_lines(path: Path, name: str) -> list[Source]:
    """The records as one source, and one for each nested list of records; raises InvalidInput for text that is no JSON.

    Two readings: this one finds the columns, the second one gives the batches.
    """
    columns: dict[str, None] = {}
    nested: dict[str, dict[str, None]] = {}
    for block in _blocks(path, name):
        names_of_block, lists = block.names()
        columns |= dict.fromkeys(names_of_block)
        for key, names in lists.items():
            nested.setdefault(key, {}).update(dict.fromkeys(names))
    sources = [Source(name, tuple(columns), _reader(path, name))]
    return sources + [
        Source(f"{name}, {key}", tuple(names), _nested_reader(path, name, key))
        for key, names in nested.items()
    ]


class _Block:
    """Whole lines of a file; first is the number of the first."""

    def __init__(self, data: bytes, first: int, name: str, texts: set[str]) -> None:
        self.data, self.first, self.name, self.texts = data, first, name, texts

    def names(self) -> tuple[list[str], dict[str, tuple[str, ...]]]:
        """The columns of the records, and those of nested lists of records."""
        names = Names()
        try:
            typed = typed_lines(self.data, self.texts)
            flat_columns(typed, names)
            return list(names.seen), record_lists(typed.schema)
        except (pa.ArrowException, IrregularError):
            rows, nested = self.rows()
            lists = {
                key: tuple(dict.fromkeys(name for row in rows for name in row))
                for key, rows in nested.items()
            }
            return list(dict.fromkeys(column for row in rows for column in row)), lists

    def flat(self, wanted: Sequence[str]) -> pa.Table:
        """The records as text columns."""
        try:
            typed = typed_lines(self.data, self.texts)
            columns = flat_columns(typed, frozenset(wanted).__contains__)
            nothing = pa.nulls(len(typed), pa.string())
            table = {name: columns.get(name, nothing) for name in wanted}
        except (pa.ArrowException, IrregularError):
            rows, _ = self.rows()
            table = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in wanted}
        return pa.table(table)

    def rows(self) -> tuple[list[Flat], dict[str, list[Flat]]]:
        """The records row by row; raises InvalidInput with the line that is no JSON."""
        nested: dict[str, list[Flat]] = {}
        try:
            text = self.data.decode("utf-8-sig" if self.first == 1 else "utf-8")
        except UnicodeError as error:
            raise InvalidInput(
                f"{self.name} cannot be read as JSON in UTF-8 after line {self.first}: {error}; export it again."
            ) from error
        return [flat_record(record, nested) for record in line_records(text, self.name, self.first)], nested


def typed_lines(data: bytes, texts: set[str] | None = None) -> pa.Table:
    """The records as typed columns; texts that look like times stay texts.

    texts: columns that such texts were met in, for the next block; those that are known need no second reading.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    known = pa.schema([(name, pa.string()) for name in sorted(texts or ())])
    try:
        table = _parsed(data, known)
    except pa.ArrowException:
        table = _parsed(data, pa.schema([]))
    schema = pa.schema([field.with_type(_without_times(field.type)) for field in table.schema])
    if schema == table.schema:
        return table
    if texts is not None:
        texts |= {field.name for field in table.schema if pa.types.is_timestamp(field.type)}
    return _parsed(data, schema)


def _parsed(data: bytes, schema: pa.Schema) -> pa.Table:
    return pa_json.read_json(
        io.BytesIO(data),
        pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        pa_json.ParseOptions(explicit_schema=schema),
    )


def _without_times(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_times(field.type)) for field in kind])
    return pa.list_(_without_times(kind.value_type)) if pa.types.is_list(kind) else kind


def _blocks(path: Path, name: str) -> Iterator[_Block]:
    """The file in blocks of whole lines."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    first, rest = 1, b""
    texts: set[str] = set()
    try:
        with cast(IO[bytes], opener(path, "rb")) as file:
            while data := file.read(BLOCK_BYTES):
                lines, mark, rest = (rest + data).rpartition(b"\n")
                if mark:
                    yield _Block(lines, first, name, texts)
                    first += lines.count(b"\n") + 1
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"{name} cannot be read to its end: {error}; export it again.") from error
    if rest.strip():
        yield _Block(rest, first, name, texts)


def _nested_reader(path: Path, name: str, key: str) -> Batches:
    def batches(account: Account, columns: Sequence[str]) -> Iterator[Batch]:
        row = 1
        for block in _blocks(path, name):
            children = block.rows()[1].get(key, [])
            account.rows_read += len(children)
            table = {
                column: pa.array([child.get(column) for child in children], pa.string()) for column in columns
            }
            yield Batch(pa.table(table), np.arange(row, row + len(children), dtype=np.int64))
            row += len(children)

    return batches


def _reader(path: Path, name: str) -> Batches:
    def batches(account: Account, columns: Sequence[str]) -> Iterator[Batch]:
        row = 1
        for block in _blocks(path, name):
            table = block.flat(columns)
            for start in range(0, len(table), BATCH_ROWS):
                piece = table.slice(start, BATCH_ROWS).combine_chunks()
                account.rows_read += len(piece)
                yield Batch(piece, np.arange(row, row + len(piece), dtype=np.int64))
                row += len(piece)

    return batches
