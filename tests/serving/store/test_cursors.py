"""Cursors: every key can be read back, any other text is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.store.cursors import LARGEST_NUMBER, read_cursor, write_cursor
from serving.store.errors import InvalidCursor

numbers = st.integers(-LARGEST_NUMBER, LARGEST_NUMBER)
values = st.floats(-LARGEST_NUMBER, LARGEST_NUMBER)


@given(order=st.text(), value=values, lead_no=numbers)
def test_key_is_read_back_to_the_last_bit(order: str, value: float, lead_no: int) -> None:
    assert read_cursor(write_cursor(order, value, lead_no), (str, float, int)) == (order, value, lead_no)


@given(text=st.text())
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(text, (str, float, int))


@pytest.mark.parametrize(
    "parts",
    [("a",), (1, 2), ("a", "b"), ("a", True), ("a", 2.5), ("a", 2**63), ("a", None)],
    ids=str,
)
def test_cursor_of_another_query_is_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor(write_cursor(*parts), (str, int))
