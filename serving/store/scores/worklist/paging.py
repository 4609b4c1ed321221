"""The leads of one page of a worklist, read in the way that touches the fewest rows.

Without a filter, the order's index begins with them. Leads of a filter by values are few, and found by their groups, or
so many that the first rows in the order have a page of them. Only a filter that the order runs against, such as the
lowest grade by probability, reads every open lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from serving.store import schema as db
from serving.store.scores.worklist.selection import WorklistQuery, group_numbers, page_of

FEW: Final = 3_000  # leads that are read and sorted for a page: 5 ms
NOT_MANY: Final = 30_000  # better than all of a million
SHORTEST_WALK: Final = 1_000
LONGEST_WALK: Final = 50_000
LONGER: Final = 6  # times, if a walk found too few


@dataclass(frozen=True)
class Counts:
    """The leads that match a query, and all open ones."""

    matching: int
    whole: int


def page_keys(
    connection: Connection,
    query: WorklistQuery,
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    counts: Counts,
) -> dict[int, Any]:
    """lead_no -> key of the leads of the query's page and of one more, in its order; conditions: all of its filters."""
    lead_no = db.scores.c.lead_no
    listed = select(lead_no, key.label("key")).where(*conditions)
    if (query.has_values or query.q) and not query.attention and not query.snoozed:
        by_group = page_of(query, key, listed.where(lead_no.in_(_of_groups(query))))
        if counts.matching <= FEW:
            return _read(connection, page_of(query, key, listed) if query.q else by_group)
        rows = _walked(connection, query, key, conditions, counts)
        if rows is not None:
            return rows
        if counts.matching <= NOT_MANY and not query.q:
            return _read(connection, by_group)
    return _read(connection, page_of(query, key, listed))


def _of_groups(query: WorklistQuery) -> Select[Any]:
    """The leads of the groups that the query matches, by their index."""
    members = db.scores.alias("members")
    return select(members.c.lead_no).where(members.c.group_no.in_(group_numbers(query)))


def _walked(
    connection: Connection,
    query: WorklistQuery,
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    counts: Counts,
) -> dict[int, Any] | None:
    """The page from the first rows in the order; None if they hold too few matches."""
    wanted = query.limit + 1
    length = max(SHORTEST_WALK, 2 * wanted * counts.whole // counts.matching)
    while length <= LONGEST_WALK:
        is_open = db.scores.c.is_open == literal_column("1")
        first = page_of(replace(query, limit=length - 1), key, select(db.scores.c.lead_no).where(is_open))
        in_window = select(first.subquery().c.lead_no)
        listed = select(db.scores.c.lead_no, key.label("key"))
        listed = listed.where(db.scores.c.lead_no.in_(in_window), *conditions)
        rows = _read(connection, page_of(query, key, listed))
        if len(rows) == wanted or length >= counts.whole:
            return rows
        length *= LONGER
    return None


def _read(connection: Connection, statement: Select[Any]) -> dict[int, Any]:
    return dict(map(tuple, connection.execute(statement)))
