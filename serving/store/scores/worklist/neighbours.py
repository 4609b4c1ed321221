"""The leads before and after one in a worklist, and its place in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from serving.store import schema as db
from serving.store.scores.worklist.selection import WorklistQuery, count_of, is_before, page_of


@dataclass(frozen=True)
class Neighbours:
    """lead_ids of the leads before and after, None at an end; place from 1, None if the lead is not in the list."""

    previous: str | None
    following: str | None
    place: int | None
    total: int


@dataclass(frozen=True)
class Listed:
    """A worklist: its query, the key that it is ordered by, its conditions, and its number of leads."""

    query: WorklistQuery
    key: ColumnElement[Any]
    conditions: Sequence[ColumnElement[bool]]
    total: int


def neighbours(connection: Connection, listed: Listed, lead_id: str) -> Neighbours:
    """The neighbours of a lead by its key, also if the list's filters have lost it since."""
    scores = db.scores.c
    found = connection.execute(
        select(listed.key, scores.lead_no)
        .join_from(db.scores, db.leads, scores.lead_no == db.leads.c.lead_no)
        .where(db.leads.c.lead_id == lead_id, scores.is_open == 1)
    ).first()
    if found is None:
        return Neighbours(None, None, None, listed.total)
    at = (found[0], int(found[1]))
    is_listed = select(scores.lead_no).where(*listed.conditions, scores.lead_no == at[1])
    place = None
    if connection.execute(is_listed).first() is not None:
        up_to_it = is_before(replace(listed.query, after=at), listed.key)
        place = int(connection.execute(count_of([*listed.conditions, up_to_it])).scalar() or 0)
    reverse = not listed.query.reverse
    return Neighbours(
        _next_id(connection, listed, replace(listed.query, after=at, reverse=reverse)),
        _next_id(connection, listed, replace(listed.query, after=at)),
        place,
        listed.total,
    )


def _next_id(connection: Connection, listed: Listed, query: WorklistQuery) -> str | None:
    statement = (
        select(db.leads.c.lead_id)
        .join_from(db.scores, db.leads, db.scores.c.lead_no == db.leads.c.lead_no)
        .where(*listed.conditions)
    )
    row = connection.execute(page_of(replace(query, limit=0), listed.key, statement)).first()
    return None if row is None else str(row[0])
