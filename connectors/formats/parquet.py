"""A Parquet file as a source; every value as text."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.accounts import Account
from connectors.sources import BATCH_ROWS, Batch, Source
from history.errors import InvalidInput
from history.values import value_text


def open_parquet(path: Path, name: str) -> Source:
    """The file as a source; raises InvalidInput if it is damaged."""
    try:
        columns = tuple(pq.ParquetFile(path).schema_arrow.names)
    except pa.ArrowException as error:
        raise InvalidInput(f"{name} cannot be read as Parquet: {error}; export it again.") from error

    def batches(account: Account, wanted: Sequence[str]) -> Iterator[Batch]:
        first = 1
        try:
            for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=list(wanted)):
                account.rows_read += batch.num_rows
                table = pa.table([_text(column) for column in batch.columns], names=batch.schema.names)
                yield Batch(table, np.arange(first, first + batch.num_rows, dtype=np.int64))
                first += batch.num_rows
        except pa.ArrowException as error:
            raise InvalidInput(f"{name} cannot be read to its end: {error}; export it again.") from error

    return Source(name, columns, batches)


def _text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
        return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    return pa.array([_value(value) for value in column.to_pylist()], pa.string())


def _value(value: object) -> str | None:
    try:
        return value_text(value)
    except TypeError:
        return str(value)
