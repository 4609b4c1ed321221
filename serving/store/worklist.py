"""The worklist: open leads by value, chance or age, filtered, page after page by key."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from serving.store import schema as db

ORDERS = {"expected_revenue": "revenue_rank", "probability": "probability", "created_at": "created_us"}
HIGHEST_NUMBER = 2**62


class BadCursor(ValueError):
    """The cursor is not one that this call gave out."""


@dataclass(frozen=True)
class Wanted:
    """What to list; empty filters let everything through. after is the key of the last lead seen."""

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


def worklist(connection: Connection, wanted: Wanted) -> Page:
    """Open scored leads, highest first; ties by arrival, so that every lead that keeps its score comes exactly once."""
    key = db.scores.c[ORDERS[wanted.order]]
    rows = connection.execute(_query(wanted, key).limit(wanted.limit + 1)).all()
    entries = [msgspec.json.decode(row[2]) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return Page(entries, None)
    last = rows[wanted.limit - 1]
    return Page(entries, write_cursor(wanted.order, last[0], last[1]))


def _query(wanted: Wanted, key: ColumnElement[Any]) -> Select[Any]:
    scores = db.scores.c
    query = select(key, scores.lead_no, scores.record).where(scores.is_open == 1)
    for column, value in (
        (scores.grade, wanted.grade),
        (scores.stage, wanted.stage),
        (scores.owner, wanted.owner),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.q:
        query = query.where(scores.search.contains(wanted.q.casefold(), autoescape=True))
    if wanted.after is not None:
        last, number = wanted.after
        query = query.where(
            key <= literal(last), or_(key < literal(last), and_(key == last, scores.lead_no < number))
        )
    return query.order_by(key.desc(), scores.lead_no.desc())


def write_cursor(*parts: Any) -> str:
    """An opaque text for a key; read_cursor gives it back."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(text: str, kind: Sequence[type]) -> tuple[Any, ...]:
    """The parts of a cursor of these types; BadCursor for any other text."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise BadCursor from None
    if type(parts) is not list or len(parts) != len(kind):
        raise BadCursor
    if not all(_is_part(part, expected) for part, expected in zip(parts, kind, strict=True)):
        raise BadCursor
    return tuple(parts)


def _is_part(part: Any, expected: type) -> bool:
    if expected is str:
        return type(part) is str
    is_number = type(part) is int or (expected is float and type(part) is float)
    return is_number and -HIGHEST_NUMBER <= part <= HIGHEST_NUMBER


def read_worklist_cursor(text: str, order: str) -> tuple[float, int]:
    """The key in a worklist's cursor; BadCursor where it belongs to another order."""
    given, value, number = read_cursor(text, (str, float, int))
    if given != order:
        raise BadCursor
    return value, number


def score_history(
    connection: Connection, lead_no: int, limit: int, before: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """The history rows of a lead, newest first, and the number to go on before; None on the last page."""
    table = db.score_history.c
    query = select(
        table.entry_no,
        table.as_of_us,
        table.probability,
        table.delta,
        table.status,
        table.model_version,
        table.causes,
    ).where(table.lead_no == lead_no)
    if before is not None:
        query = query.where(table.entry_no < before)
    rows = connection.execute(query.order_by(table.entry_no.desc()).limit(limit + 1)).all()
    entries = [{**row._mapping, "causes": json.loads(row.causes)} for row in rows[:limit]]
    return entries, rows[limit - 1].entry_no if len(rows) > limit else None
