"""Objects in cells: the typed reading gives the columns of the reading row by row, and bad cells are marked."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.json_cells import _row_by_row, json_cells

values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text("ab \n", max_size=3), st.floats(-9, 9)
)
objects = st.dictionaries(st.sampled_from(["a", "b", "größe"]), values, max_size=3)


def texts(cells: list[str | None]) -> dict[str, list[Any]]:
    columns = {
        name: column.to_pylist() for name, column in json_cells(pa.array(cells, pa.string())).columns.items()
    }
    return {
        name: column for name, column in sorted(columns.items()) if any(value is not None for value in column)
    }


@given(st.lists(st.none() | objects.map(json.dumps), min_size=1, max_size=6))
def test_typed_reading_is_that_row_by_row(cells: list[str | None]) -> None:
    rows = _row_by_row(pa.array(cells, pa.string())).columns
    expected = {name: column.to_pylist() for name, column in sorted(rows.items())}
    assert texts(cells) == {
        name: column for name, column in expected.items() if any(v is not None for v in column)
    }


@pytest.mark.parametrize("bad", ["{", "[1]", '"text"', "3", "{}}"])
def test_cell_without_an_object_is_marked_and_the_others_are_read(bad: str) -> None:
    cells = json_cells(pa.array(['{"a": 1}', bad, None, '{"a": 2}']))
    assert cells.bad.tolist() == [False, True, False, False]
    assert cells.columns["a"].to_pylist() == ["1", None, None, "2"]


def test_column_without_any_text_has_no_column() -> None:
    cells = json_cells(pa.nulls(2, pa.string()))
    assert (dict(cells.columns), cells.bad.tolist()) == ({}, [False, False])


def test_nested_object_is_dotted_columns() -> None:
    assert texts(['{"page": {"url": "/x"}, "tags": ["a", "b"]}']) == {"page.url": ["/x"], "tags": ["a;b"]}
