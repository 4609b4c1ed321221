"""Parquet: typed values become texts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.builders.exports.export_sources import rows_of


def test_parquet_values_become_texts(tmp_path: Path) -> None:
    table = pa.table({"Id": [1, 2], "Share": [0.5, None], "Won": [True, False]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == [
        {"Id": "1", "Share": "0.5", "Won": "true"}, {"Id": "2", "Share": None, "Won": "false"},
    ]  # fmt: skip
