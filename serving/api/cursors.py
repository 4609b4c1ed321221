"""Cursors of paged answers."""

from typing import Any

from serving.api.openapi import CURSOR, query
from serving.base.problems import Problem, error, invalid
from serving.store.cursors import read_cursor
from serving.store.errors import InvalidCursor

CURSOR_PARAMETER = query(
    "cursor", "The next_cursor of the page before, with the same query; any other text is a 422.", CURSOR
)


def read_page_cursor(text: str | None, kinds: tuple[type, ...]) -> Any:
    """The key of these types in a cursor, None without one; raises Problem 422 for any other text."""
    if not text:
        return None
    try:
        return read_cursor(text, kinds)
    except InvalidCursor:
        raise invalid_cursor() from None


def invalid_cursor() -> Problem:
    return invalid([error(["query", "cursor"], "expected the next_cursor of an answer to the same query")])
