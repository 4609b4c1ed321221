"""A Parquet file as a source; every value as text, nested values as flat columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.formats.accounts import Account
from connectors.formats.json import flat_record
from connectors.formats.nested import IrregularError, Names, flat_columns, text_of
from connectors.formats.sources import BATCH_ROWS, Batch, Source
from history.base.errors import InvalidInput


def open_parquet(path: Path, name: str) -> Source:
    """The file as a source; raises InvalidInput if it is damaged."""
    try:
        columns = tuple(_columns(pq.ParquetFile(path)))
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{name} cannot be read as Parquet: {error}; export it again.") from error

    def batches(account: Account, wanted: Sequence[str]) -> Iterator[Batch]:
        first = 1
        try:
            file = pq.ParquetFile(path)
            roots = _roots(file.schema_arrow, wanted)
            for batch in file.iter_batches(BATCH_ROWS, columns=roots):
                account.rows_read += batch.num_rows
                table = _flat(pa.Table.from_batches([batch]), wanted)
                yield Batch(table, np.arange(first, first + batch.num_rows, dtype=np.int64))
                first += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise InvalidInput(f"{name} cannot be read to its end: {error}; export it again.") from error

    return Source(name, columns, batches)


def _columns(file: pq.ParquetFile) -> dict[str, None]:
    """The names of the flat columns; the rows are read only for the keys of lists of pairs."""
    nested = [field.name for field in file.schema_arrow if pa.types.is_nested(field.type)]
    by_root = {name: Names() for name in nested}
    for batch in file.iter_batches(BATCH_ROWS, columns=nested) if nested else ():
        for root, names in by_root.items():
            flat_columns(pa.table({root: batch.column(root)}), names)
    columns: dict[str, None] = {}
    for name in file.schema_arrow.names:
        columns |= by_root[name].seen if name in by_root else {name: None}
    return columns


def _roots(schema: pa.Schema, wanted: Sequence[str]) -> list[str]:
    """The file's own columns that hold the wanted flat ones."""
    return [
        name for name in schema.names
        if any(column == name or column.startswith(f"{name}.") for column in wanted)
    ]  # fmt: skip


def _flat(table: pa.Table, wanted: Sequence[str]) -> pa.Table:
    chosen = frozenset(wanted)
    if not any(pa.types.is_nested(field.type) for field in table.schema):
        return pa.table({name: text_of(table.column(name).combine_chunks()) for name in wanted})
    try:
        columns = flat_columns(table, chosen.__contains__)
        nothing = pa.nulls(len(table), pa.string())
        return pa.table({name: columns.get(name, nothing) for name in wanted})
    except IrregularError:
        rows = [flat_record(record, {}) for record in table.to_pylist()]
        return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in wanted})
