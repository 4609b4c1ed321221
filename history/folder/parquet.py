"""Parquet files to columns, with a check of their types."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from history.config.schema import NUMBER, TABLES, TIME
from history.folder.raw_table import RawTable, one_array
from history.folder.wanted_columns import WantedColumns


def read_parquet(path: Path, name: str, wanted: WantedColumns, problems: list[str]) -> RawTable | None:
    """The table, or None after its problems were added; raises OSError or pa.ArrowException for an unreadable file."""
    with pq.ParquetFile(path) as file:
        sources = wanted.sources(path, file.schema_arrow.names, problems)
        if sources is None:
            return None
        header = file.schema_arrow.names
        near = wanted.near(header)
        table = file.read(columns=list(dict.fromkeys(sources.values())))
    columns = {canonical: one_array(table.column(column)) for canonical, column in sources.items()}
    faults = [
        f"{path.name}: column {sources[canonical]!r} holds {array.type}, expected {expected}."
        for canonical, array in columns.items()
        if (expected := _expected_instead(TABLES[name].role(canonical), array.type)) is not None
    ]
    if faults:
        problems += faults
        return None
    numbers = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return RawTable(name, columns, numbers, near=near, header=header)


def _expected_instead(role: str, kind: pa.DataType) -> str | None:
    """The types that a column of this role may hold, None if `kind` is one of them."""
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
