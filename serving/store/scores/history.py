"""The history of a lead's score, page after page."""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from serving.store import schema as db

Entry = dict[str, Any]


class HistoryPage(NamedTuple):
    """Entries, newest first, and the entry_no from which the next page continues, None on the last."""

    entries: list[Entry]
    next_entry_no: int | None


def score_history(connection: Connection, lead_no: int, limit: int, before: int | None) -> HistoryPage:
    """A page of the history of a lead's score, from entries older than `before`."""
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
    return HistoryPage(entries, rows[limit - 1].entry_no if len(rows) > limit else None)
