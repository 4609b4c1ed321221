"""The header of a table among notes, and its distinct column names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.header import common_width, distinct, header_row

TABLE = [["Id", "Stage", "Amount"], ["1", "New", ""], ["2", "Won", "5"]]


@pytest.mark.parametrize("notes", [[], [["Report"]], [["Report", "", ""], [""], ["As of today", "", ""]]])
def test_header_is_the_first_full_row_of_the_common_width(notes: list[list[str]]) -> None:
    assert header_row([*notes, *TABLE]) == len(notes)


def test_width_is_that_of_most_cells_and_empty_rows_have_none() -> None:
    assert common_width([*TABLE, *[["a note"]] * 4]) == 3
    assert common_width([["", ""], []]) == 0
    assert header_row([]) == 0


@given(st.lists(st.text(max_size=5), max_size=8))
def test_name_of_every_column_is_filled(names: list[str]) -> None:
    result = distinct(names)
    assert len(result) == len(names)
    assert all(name == name.strip() and name for name in result)


def test_second_column_of_a_name_is_numbered() -> None:
    assert distinct(["\ufeffId", " Name ", "Name", "", "Name"]) == (
        "Id",
        "Name",
        "Name (2)",
        "column 4",
        "Name (3)",
    )
