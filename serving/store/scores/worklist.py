"""The worklist: open leads by value, chance or age, filtered and paged by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from serving.store import schema as db
from serving.store.cursors import read_cursor, write_cursor
from serving.store.errors import InvalidCursor

ORDERS = {"expected_revenue": "revenue_rank", "probability": "probability", "created_at": "created_us"}


@dataclass(frozen=True)
class WorklistQuery:
    """Order, filters and page of a worklist; a filter that is None or empty matches every lead.

    `after` is the key of the last lead of the page before: its value in the order, and its lead_no.
    """

    order: str = "expected_revenue"
    grade: str | None = None
    stage: str | None = None
    owner: str | None = None
    q: str | None = None
    limit: int = 50
    after: tuple[float, int] | None = None


@dataclass(frozen=True)
class Page:
    """Entries of one page and the cursor of the next, None on the last."""

    entries: Sequence[dict[str, Any]]
    next_cursor: str | None


def worklist(connection: Connection, query: WorklistQuery) -> Page:
    """Open scored leads, highest first.

    Ties are in order of arrival, newest first: over all pages, each lead that keeps its score occurs exactly once.
    """
    key = db.scores.c[ORDERS[query.order]]
    rows = connection.execute(_select(query, key).limit(query.limit + 1)).all()
    page = rows[: query.limit]
    entries = [msgspec.json.decode(record) for _value, _lead_no, record in page]
    if len(rows) <= query.limit:
        return Page(entries, None)
    value, lead_no, _record = page[-1]
    return Page(entries, write_cursor(query.order, value, lead_no))


def _select(query: WorklistQuery, key: ColumnElement[Any]) -> Select[Any]:
    scores = db.scores.c
    statement = select(key, scores.lead_no, scores.record).where(scores.is_open == 1)
    filters = ((scores.grade, query.grade), (scores.stage, query.stage), (scores.owner, query.owner))
    for column, value in filters:
        if value is not None:
            statement = statement.where(column == value)
    if query.q:
        statement = statement.where(scores.search.contains(query.q.casefold(), autoescape=True))
    if query.after is not None:
        last, lead_no = query.after
        # The first condition follows from the second; alone it lets the database start within its index.
        is_after = or_(key < literal(last), and_(key == last, scores.lead_no < lead_no))
        statement = statement.where(key <= literal(last), is_after)
    return statement.order_by(key.desc(), scores.lead_no.desc())


def read_worklist_cursor(text: str, order: str) -> tuple[float, int]:
    """The key in a worklist's cursor. Raises InvalidCursor, also for the cursor of another order."""
    cursor_order, value, lead_no = read_cursor(text, (str, float, int))
    if cursor_order != order:
        raise InvalidCursor
    return value, lead_no
