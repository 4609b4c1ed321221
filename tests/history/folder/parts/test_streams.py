"""Rows of a file some at a time are those of the file read at once."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history.config.file import load_config
from history.folder.parts.streams import open_stream
from history.folder.tables import csv
from history.folder.tables.csv_table import read_csv
from history.folder.tables.parquet import read_parquet
from history.folder.tables.raw_table import RawTable
from history.folder.tables.wanted_columns import WantedColumns

WANTED = WantedColumns(load_config(Path("/nowhere")), "stages", False)


def check_equal(path: Path, whole: RawTable | None, problems: list[str]) -> None:
    table = open_stream(path, WANTED, problems)
    assert table is not None
    assert whole is not None
    rows = list(table.rows())
    assert np.concatenate([some.numbers for some in rows]).tolist() == list(whole.row_numbers)
    for name in whole.columns:
        cells = [cell for some in rows for cell in some.batch.column(name).to_pylist()]
        assert cells == [whole.cell(name, i) for i in range(len(whole))]
    assert (table.ragged, table.near, list(table.header)) == (whole.ragged, whole.near, list(whole.header))
    assert not table.is_broken


def test_csv_with_rows_of_another_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "BLOCK_BYTES", 256)
    lines = [f"L{i},2025-01-0{1 + i % 9},new" + (",more" if i % 7 == 3 else "") for i in range(200)]
    path = tmp_path / "stages.csv"
    path.write_text("\n".join(["lead_id,entered_at,Stage ,stage", *(f"{line},x" for line in lines)]))
    check_equal(path, read_csv(path, WANTED, []), [])


def test_csv_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "stages.csv"
    path.write_text("lead_id,entered_at,stage\n")
    check_equal(path, read_csv(path, WANTED, []), [])


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    path = tmp_path / "stages.csv"
    path.write_text('lead_id,entered_at,stage\na,2025-01-01,new\nb,2025-01-02,"new\nc,2025-01-03,new\n')
    at_once: list[str] = []
    assert read_csv(path, WANTED, at_once) is None
    problems: list[str] = []
    table = open_stream(path, WANTED, problems)
    assert table is not None
    list(table.rows())
    assert table.is_broken
    assert problems == at_once


def test_parquet_parts_with_keys_and_other_types(tmp_path: Path) -> None:
    path = tmp_path / "stages"
    for place, ids in enumerate((pa.array([1, 2]), pa.array([3, None], pa.int32()))):
        (path / f"stage=s{place}").mkdir(parents=True)
        times = pa.array(["2025-01-01", "2025-01-02"])
        pq.write_table(
            pa.table({"lead_id": ids, "entered_at": times}), path / f"stage=s{place}" / "p.parquet"
        )
    check_equal(path, read_parquet(path, "stages", WANTED, []), [])


def test_an_empty_parquet_file_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "stages.parquet"
    schema = pa.schema([("lead_id", pa.int64()), ("entered_at", pa.string()), ("stage", pa.string())])
    pq.write_table(schema.empty_table(), path)
    check_equal(path, read_parquet(path, "stages", WANTED, []), [])
