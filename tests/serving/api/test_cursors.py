"""Cursors of queries: absent or empty is the first page, any other text a problem of the query."""

import pytest

from serving.api.cursors import read_page_cursor
from serving.base.problems import Problem
from serving.store.cursors import write_cursor


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_first_page(text: str | None) -> None:
    assert read_page_cursor(text, (int,)) is None


def test_cursor_is_read_back() -> None:
    assert tuple(read_page_cursor(write_cursor(5, 7), (int, int))) == (5, 7)


@pytest.mark.parametrize("text", ["x", "e30", write_cursor("a")])
def test_foreign_cursor_is_a_problem_of_the_query(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_page_cursor(text, (int,))
    assert (refused.value.status, refused.value.errors[0]["loc"]) == (422, ["query", "cursor"])
