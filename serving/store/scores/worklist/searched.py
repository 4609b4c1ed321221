"""Pages of a searched worklist: the leads that have the text are known, in memory, before the database is asked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from sqlalchemy import ARRAY, ColumnElement, Connection, any_, bindparam, func, literal_column, select

from history.base.arrays import Ints, Mask
from serving.store import schema as db
from serving.store.database.statements import is_sqlite
from serving.store.scores.worklist.selection import WorklistQuery, count_of, is_before, page_of

FEW: Final = 3_000  # leads that are read and sorted for a page
NOT_MANY: Final = 30_000  # that are read before all leads are
SHORTEST_WALK: Final = 1_000
LONGEST_WALK: Final = 20_000  # as long as reading 3,000 leads by their numbers
LONGER: Final = 4  # times, if a walk found too few


def are_among(connection: Connection, numbers: Sequence[int]) -> list[ColumnElement[bool]]:
    """The conditions on `scores` of being open and among these leads, who are one parameter."""
    lead_no = db.scores.c.lead_no
    # The sign keeps SQLite from reading all open leads in the order of an index.
    is_open = literal_column("+scores.is_open") == literal_column("1")
    if is_sqlite(connection):
        values = func.json_each(json.dumps(numbers)).table_valued("value")
        return [is_open, lead_no.in_(select(values.c.value))]
    return [is_open, lead_no == any_(bindparam("numbers", numbers, type_=ARRAY(lead_no.type)))]


def searched_page(
    connection: Connection, query: WorklistQuery, key: ColumnElement[Any], found: Ints
) -> dict[int, Any]:
    """lead_no -> key of the leads of the query's page and of one more, in its order, of those found (ascending).

    Few leads are read by their numbers and sorted. Of many, the first leads in the order's index hold a page.
    """
    if len(found) > FEW:
        rows = _walked(connection, query, key, found)
        if rows is not None:
            return rows
    listed = select(db.scores.c.lead_no, key.label("key")).where(*are_among(connection, found.tolist()))
    return dict(map(tuple, connection.execute(page_of(query, key, listed))))


def _walked(
    connection: Connection, query: WorklistQuery, key: ColumnElement[Any], found: Ints
) -> dict[int, Any] | None:
    """The page from the first rows in the order; None if it is better sought by the numbers of the leads."""
    rows: dict[int, Any] = {}
    wanted, walked, length, after = query.limit + 1, 0, SHORTEST_WALK, query.after
    while walked <= LONGEST_WALK or len(found) > NOT_MANY:
        part = replace(query, limit=length - 1, after=after)
        listed = select(db.scores.c.lead_no, key.label("key")).where(db.scores.c.is_open == 1)
        leads = connection.execute(page_of(part, key, listed)).all()
        is_found = _are_in(found, [lead_no for lead_no, _ in leads])
        for place in np.flatnonzero(is_found)[: wanted - len(rows)].tolist():
            lead_no, value = leads[place]
            rows[lead_no] = value
        if len(rows) == wanted or len(leads) < length:
            return rows
        (after_no, after_key), walked = leads[-1], walked + length
        after, length = (after_key, after_no), min(LONGER * length, LONGEST_WALK)
    return None


def count_found_before(
    connection: Connection, query: WorklistQuery, key: ColumnElement[Any], found: Ints
) -> int:
    """The number of leads found that stand up to and with that of `query.after`."""
    up_to_it = is_before(query, key)
    if len(found) <= FEW:
        conditions = [*are_among(connection, found.tolist()), up_to_it]
        return int(connection.execute(count_of(conditions)).scalar() or 0)
    before = select(db.scores.c.lead_no).where(db.scores.c.is_open == 1, up_to_it)
    return int(_are_in(found, connection.execute(before).scalars().all()).sum())


def _are_in(found: Ints, numbers: Sequence[int]) -> Mask:
    """True for each of the numbers that was found."""
    places = np.searchsorted(found, numbers)
    is_inside = places < len(found)
    is_in: Mask = is_inside & (found[np.where(is_inside, places, 0)] == np.asarray(numbers, dtype=np.int64))
    return is_in
