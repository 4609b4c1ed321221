"""A table as read: cells as Python values, rows as CSV, columns in one piece of an expected type."""

import csv

import numpy as np
import pyarrow as pa
import pytest

from history.folder.tables.raw_table import RawTable, one_array, python_value


def test_row_text_reads_back_as_the_row() -> None:
    cells = ['say "hi"', "a,b", "two\nlines", "", None]
    columns = {f"c{i}": pa.array([cell], pa.string()) for i, cell in enumerate(cells)}
    text = RawTable("leads", columns, np.array([2], dtype=np.int64)).row_text(0)
    assert next(csv.reader(text.splitlines(keepends=True))) == ['say "hi"', "a,b", "two\nlines", "", ""]


@pytest.mark.parametrize(("us", "text"), [(-(10**17), "-1199-02-15 14:13:20.000000"), (0, "1970-01-01")])
def test_time_beyond_python_is_shown_as_text(us: int, text: str) -> None:
    assert str(python_value(pa.scalar(us, pa.timestamp("us")))).startswith(text)


@pytest.mark.parametrize(
    "chunks",
    [
        [pa.array(["a", "b"]), pa.array(["a"])],
        [pa.array(["a", "b"]).dictionary_encode(), pa.array(["a"]).dictionary_encode()],
        [pa.array(["a", "b"], pa.large_string()), pa.array(["a"], pa.large_string())],
    ],
    ids=["texts", "dictionaries", "large texts"],
)
def test_column_in_pieces_becomes_one_array(chunks: list[pa.Array]) -> None:
    array = one_array(pa.chunked_array(chunks))
    assert isinstance(array, pa.Array)
    assert array.to_pylist() == ["a", "b", "a"]
    assert not pa.types.is_large_string(array.type)


def test_column_of_nulls_is_one_of_texts() -> None:
    assert one_array(pa.chunked_array([pa.nulls(2)])).type == pa.string()
    assert len(one_array(pa.chunked_array([], pa.int64()))) == 0
