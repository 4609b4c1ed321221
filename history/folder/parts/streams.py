"""The rows of one table's file, some at a time, as a folder in one piece would have them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from history.base.arrays import Ints
from history.folder.tables.csv import stream
from history.folder.tables.csv_table import CsvFile, csv_file, is_unclosed
from history.folder.tables.encodings import NAMES, UTF_8
from history.folder.tables.files import is_parquet
from history.folder.tables.parquet import parquet_table, plain_type
from history.folder.tables.raw_table import RaggedRow
from history.folder.tables.wanted_columns import WantedColumns


@dataclass(frozen=True)
class Rows:
    """Rows that follow each other: a batch by canonical names, and the number of each row (n,) as RawTable counts."""

    batch: pa.RecordBatch
    numbers: Ints


@dataclass
class TableStream:
    """A table whose rows are read by `rows`, once; see RawTable for what else it has.

    ragged: rows of another width, complete once all rows are read. is_broken: whether the file proved unreadable at its
    end, of which its problems tell.
    """

    name: str
    rows: Callable[[], Iterator[Rows]]
    near: dict[str, str]
    header: list[str]
    encoding: str = NAMES[UTF_8]
    ragged: list[RaggedRow] = field(default_factory=list)
    is_broken: bool = False


def open_stream(
    path: Path, wanted: WantedColumns, problems: list[str], encoding: str = UTF_8
) -> TableStream | None:
    """The table of a file, None after its problems were added; encoding: of a CSV file, see csv_table.read_csv.

    Opening or reading it raises what csv_table.read_csv and parquet.read_parquet raise.
    """
    if is_parquet(path):
        return _of_parquet(path, wanted, problems)
    file = csv_file(path, wanted, problems, encoding)
    return None if file is None else _of_csv(file, wanted, problems)


def _of_parquet(path: Path, wanted: WantedColumns, problems: list[str]) -> TableStream | None:
    table = parquet_table(path, wanted.table, wanted, problems)
    if table is None:
        return None

    def rows() -> Iterator[Rows]:
        first = 1
        for batch in table.batches():
            yield Rows(batch, np.arange(first, first + len(batch)))
            first += len(batch)
        if first == 1:
            kinds = {
                name: plain_type(table.schema.field(column).type) for name, column in table.sources.items()
            }
            yield Rows(_nothing(kinds), np.zeros(0, dtype=np.int64))

    header = table.schema.names
    return TableStream(wanted.table, rows, wanted.near(header), header)


def _nothing(kinds: dict[str, pa.DataType]) -> pa.RecordBatch:
    return pa.record_batch({name: pa.array([], kind) for name, kind in kinds.items()})


def _of_csv(file: CsvFile, wanted: WantedColumns, problems: list[str]) -> TableStream:
    header, places = file.header, file.places
    table = TableStream(
        wanted.table, lambda: iter(()), wanted.near(header.names), header.names, NAMES[file.encoding]
    )

    def rows() -> Iterator[Rows]:
        yield Rows(_nothing(dict.fromkeys(places, pa.string())), np.zeros(0, dtype=np.int64))
        if not header.has_rows:
            return
        batches, table.ragged = stream(
            file.path, header, dict.fromkeys(places.values(), pa.string()), file.encoding
        )
        first, last = file.first_row, None
        for last in batches:
            numbers = _numbers(first, len(last), table.ragged)
            yield Rows(pa.record_batch({name: last.column(place) for name, place in places.items()}), numbers)
            first = int(numbers[-1]) + 1 if len(numbers) else first
        if last is not None:
            end = pa.Table.from_batches([last])
            table.is_broken = is_unclosed(file.path, end, table.ragged, problems)

    table.rows = rows
    if not header.has_rows:
        table.encoding = NAMES[UTF_8]
    return table


def _numbers(first: int, count: int, ragged: list[RaggedRow]) -> Ints:
    """The numbers of `count` rows from `first` on, without those of rows of another width."""
    skipped = np.array([row.row for row in ragged if row.row >= first], dtype=np.int64)
    candidates = np.arange(first, first + count + len(skipped))
    return candidates[~np.isin(candidates, skipped)][:count]
