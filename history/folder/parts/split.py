"""A data folder split by lead into parts on disk, each small enough to be read at once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from history.base.arrays import Ints
from history.base.errors import InvalidInput
from history.base.progress import Progress
from history.config.config import FunnelConfig
from history.folder.parts.latest_part import LatestPart
from history.folder.parts.lead_keys import NO_KEY, Joins, lead_keys, part_numbers
from history.folder.parts.streams import TableStream, open_stream
from history.folder.read import read_configs
from history.folder.tables.encodings import UTF_8
from history.folder.tables.files import give_back_memory, in_its_encoding, is_parquet, tables_of
from history.folder.tables.parquet import part_files
from history.folder.tables.raw_table import RawTable, is_encoded, joined, times_of
from history.folder.tables.wanted_columns import WantedColumns
from history.folder.values.id_forms import has_no_lists

Read = TypeVar("Read")
COMPRESSED: Final = pa.ipc.IpcWriteOptions(compression="lz4")
MERGED: Final = "merged_into"
PACKED: Final = 5  # bytes of CSV in one of Parquet or gzip
IN_MEMORY: Final = 1.3  # bytes of Arrow's texts, with offsets and row numbers, for one of CSV


class NeedsWhole(Exception):
    """The folder cannot be split, because of what the message says of it."""


@dataclass(frozen=True)
class SplitTable:
    """A table in parts: the files of its rows, how many these are, and the table without any row."""

    files: tuple[Path, ...]
    row_count: int
    empty: RawTable

    def part(self, number: int) -> RawTable:
        """The rows of one part; rows of another width belong to the first."""
        with pa.OSFile(str(self.files[number])) as source, pa.ipc.open_file(source) as file:
            batches = [file.get_batch(i) for i in range(file.num_record_batches)]
            table = pa.Table.from_batches(batches, file.schema).combine_chunks()
            return self._read(table, number)

    def _read(self, table: pa.Table, number: int) -> RawTable:
        name = self.empty.name
        names = table.column_names[:-1]
        numbers = table.column(len(names)).to_numpy()
        chunked = {column: table.column(i) for i, column in enumerate(names)}
        for column in names:
            if is_encoded(name, column) and pa.types.is_string(chunked[column].type):
                chunked[column] = chunked[column].dictionary_encode()
        columns, layouts = joined(chunked, times_of(name, names))
        ragged = self.empty.ragged if number == 0 else []
        return replace(self.empty, columns=columns, row_numbers=numbers, layouts=layouts, ragged=ragged)


@dataclass(frozen=True)
class SplitFolder:
    """A data folder in parts: its own configuration, the one under which it is read, and the rows of all its tables.

    latest_part: the part that seems to have the latest row; None if nobody knows.
    """

    own: FunnelConfig
    config: FunnelConfig
    target: Path
    tables: Mapping[str, SplitTable]
    n_parts: int
    row_count: int
    latest_part: int | None

    def part(self, number: int) -> dict[str, RawTable]:
        """The tables of one part; those that belong to no lead are in the first alone."""
        return {
            name: table.part(number) for name, table in self.tables.items() if name != "costs" or number == 0
        }


def split_folder(
    folder: Path, model: FunnelConfig | None, n_parts: int, target: Path, progress: Progress
) -> SplitFolder:
    """Writes the parts of a folder into `target`; a lead's rows, and those of leads merged into it, stay together.

    model: a model's configuration for the folder, if one is given. Raises InvalidInput with every problem of
    funnel.toml and of the tables, NeedsWhole if rows cannot be told apart by lead.
    """
    own, config, problems = read_configs(folder, model)
    sizes = _Sizes(folder, progress)
    joins, latest = Joins(_merges(folder, config)), LatestPart()

    def split(path: Path, name: str) -> SplitTable | None:
        def written(table: TableStream) -> SplitTable | None:
            files = tuple(target / f"{table.name}-{number}.arrow" for number in range(n_parts))
            return _Writer(table, files, joins, latest).written(sizes)

        return _streamed(path, WantedColumns(config, name, False), problems, written)

    tables = tables_of(folder, problems, split)
    if problems:
        raise InvalidInput(problems)
    return SplitFolder(own, config, target, tables, n_parts, sizes.rows, latest.number)


def _streamed(
    path: Path, wanted: WantedColumns, problems: list[str], read: Callable[[TableStream], Read | None]
) -> Read | None:
    """What `read` makes of a file's rows; None after the problems of the file were added."""

    def read_as(encoding: str) -> Read | None:
        table = open_stream(path, wanted, problems, encoding)
        return None if table is None else read(table)

    return read_as(UTF_8) if is_parquet(path) else in_its_encoding(path, read_as)


class _Sizes:
    """How far splitting is, by the bytes read of those that the sizes of files let expect."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.rows = 0
        self._bytes = 0
        self._progress = progress
        self._expected = max(IN_MEMORY * csv_bytes(folder), 1)

    def add(self, batch: pa.RecordBatch) -> None:
        self.rows += len(batch)
        self._bytes += batch.nbytes
        self._progress("splitting the data", min(self._bytes / self._expected, 1.0))


def csv_bytes(folder: Path) -> int:
    """The size of the tables of a folder if all were CSV files; Parquet and gzip take about a fifth of it."""
    sizes: list[int] = []

    def add(path: Path, _name: str) -> None:
        files = part_files(path) if path.is_dir() else [path]
        sizes.append(sum(file.stat().st_size for file in files) * (1 if path.suffix == ".csv" else PACKED))

    tables_of(folder, [], add)
    return sum(sizes)


def _merges(folder: Path, config: FunnelConfig) -> list[tuple[Ints, Ints]]:
    """Keys of leads that the outcomes call merged, and of those into which they are."""

    def read(path: Path, name: str) -> list[tuple[Ints, Ints]] | None:
        if name != "outcomes":
            return None
        return _streamed(path, WantedColumns(config, name, False), [], _merges_of)

    return tables_of(folder, [], read).get("outcomes", [])


def _merges_of(outcomes: TableStream) -> list[tuple[Ints, Ints]]:
    pairs: list[tuple[Ints, Ints]] = []
    for rows in outcomes.rows():
        if MERGED not in rows.batch.schema.names:
            break
        lead, survivor = (lead_keys(rows.batch.column(column)) for column in ("lead_id", MERGED))
        is_merged = (lead != NO_KEY) & (survivor != NO_KEY)
        if is_merged.any():
            pairs.append((lead[is_merged], survivor[is_merged]))
    return pairs


class _Writer:
    """Writes the rows of one table into one file a part."""

    def __init__(self, table: TableStream, files: tuple[Path, ...], joins: Joins, latest: LatestPart) -> None:
        self._table, self._files, self._joins, self._latest = table, files, joins, latest

    def written(self, sizes: _Sizes) -> SplitTable | None:
        """The table in parts; None if its file proves broken."""
        writers: list[pa.ipc.RecordBatchFileWriter] = []
        row_count = 0
        with ExitStack() as stack:
            for rows in self._table.rows():
                schema = rows.batch.schema.append(pa.field("row", pa.int64()))
                if not writers:
                    writers += [
                        stack.enter_context(pa.ipc.new_file(str(file), schema, options=COMPRESSED))
                        for file in self._files
                    ]
                batch = pa.record_batch([*rows.batch.columns, pa.array(rows.numbers)], schema)
                for number, own in self._by_part(batch):
                    _write(writers[number], own)
                sizes.add(batch)
                row_count += len(batch)
        give_back_memory()
        if self._table.is_broken:
            return None
        empty = RawTable(
            self._table.name,
            {},
            range(0),
            self._table.ragged,
            self._table.near,
            self._table.header,
            encoding=self._table.encoding,
        )
        return SplitTable(self._files, row_count, empty)

    def _by_part(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The rows of each part in their order."""
        if "lead_id" not in batch.schema.names:
            yield 0, batch
            return
        ids = batch.column("lead_id")
        self._require_single_ids(ids)
        parts = part_numbers(self._joins.of(lead_keys(ids)), len(self._files))
        if len(parts):
            self._latest.add(self._table.name, batch, parts)
        ordered = batch.take(pa.array(np.argsort(parts, kind="stable")))
        ends = np.cumsum(np.bincount(parts, minlength=len(self._files))).tolist()
        for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if end > start:
                yield number, ordered.slice(start, end - start)

    def _require_single_ids(self, ids: pa.Array) -> None:
        if self._table.name != "leads" and pa.types.is_string(ids.type) and not has_no_lists(ids):
            raise NeedsWhole(f"lead_id of {self._table.name} lists several leads in one cell")


def _write(writer: pa.ipc.RecordBatchFileWriter, batch: pa.RecordBatch) -> None:
    """Raises InvalidInput if the disk is full."""
    try:
        writer.write_batch(batch)
    except OSError as error:
        raise InvalidInput(
            f"the parts of the folder cannot be written ({error}): they take as much space as the folder does "
            "as CSV; name a home on a larger disk with --home"
        ) from error
