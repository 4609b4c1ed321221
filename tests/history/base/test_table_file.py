"""Tables that Leadcast writes: one type for each kind of column, numbers that read back to the last bit."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history.base.table_file import COUNT, DATE, JSON, NUMBER, TEXT, TIME, write_columns

KINDS = {"id": TEXT, "n": COUNT, "x": NUMBER, "at": TIME, "on": DATE, "more": JSON}
COLUMNS: dict[str, list[Any]] = {
    "id": ["=1+1", None],
    "n": [3, None],
    "x": [0.1 + 0.2, None],
    "at": ["2026-03-01T09:30:00Z", None],
    "on": ["2026-03-01", None],
    "more": ["[]", None],
}


def test_parquet_has_the_type_of_each_kind(tmp_path: Path) -> None:
    write_columns(COLUMNS, KINDS, tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.to_pydict() == COLUMNS
    types = {field.name: field.type for field in table.schema}
    assert types == dict.fromkeys(KINDS, pa.string()) | {"n": pa.int64(), "x": pa.float64()}


@pytest.mark.parametrize("rows", [0, 2])
def test_csv_has_the_columns_in_their_order(tmp_path: Path, rows: int) -> None:
    columns = {name: values[:rows] for name, values in COLUMNS.items()}
    write_columns(columns, KINDS, tmp_path / "t.csv")
    header, *lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert header.replace('"', "").split(",") == list(KINDS)
    assert len(lines) == rows
    if lines:
        assert float(lines[0].split(",")[2]) == 0.1 + 0.2
