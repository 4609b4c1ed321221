"""Manual adjustments of forecasts: what a manager expects of a period, or of a lead in it, with who said so and when.

They stand beside the model's figures and change none of them. Each is kept; the newest of a period and lead counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from history.text.times import format_time
from serving.store import schema as db
from serving.store.config import stored_display
from serving.store.database.transaction import Transaction
from serving.store.leads.lead_rows import find_leads, rows_of
from serving.store.leads.leads import current_attributes, seen_lead

MOST_KEPT = 10_000
MOST_LISTED = 500
UNKNOWN_LEAD: Final = "unknown_lead"
TOO_MANY: Final = "too_many"

Record = dict[str, Any]


@dataclass(frozen=True)
class NewAdjustment:
    """An adjustment of the period that begins on the date period_start; lead_id None: of the whole period.

    revenue and wins are what is expected in place of the model's figure, None for no opinion; both None withdraw it.
    """

    period: str
    period_start: str
    lead_id: str | None = None
    revenue: float | None = None
    wins: float | None = None
    note: str | None = None
    author: str | None = None


def add_adjustments(transaction: Transaction, adjustments: Sequence[NewAdjustment]) -> list[int | str]:
    """Keeps each adjustment; its number, UNKNOWN_LEAD, or TOO_MANY beyond MOST_KEPT."""
    return [_add(transaction, adjustment) for adjustment in adjustments]


def _add(transaction: Transaction, adjustment: NewAdjustment) -> int | str:
    connection, lead_no = transaction.connection, None
    if adjustment.lead_id is not None:
        lead = find_leads(connection, [adjustment.lead_id]).get(adjustment.lead_id)
        if lead is None:
            return UNKNOWN_LEAD
        lead_no = lead.lead_no
    kept = connection.execute(select(func.count()).select_from(db.adjustments)).scalar() or 0
    if kept >= MOST_KEPT:
        return TOO_MANY
    (number,) = transaction.numbers("adjustment_no", 1)
    row = {
        "adjustment_no": number,
        "lead_no": lead_no,
        "period": adjustment.period,
        "period_start": adjustment.period_start,
        "revenue": adjustment.revenue,
        "wins": adjustment.wins,
        "note": adjustment.note,
        "author": adjustment.author,
        "made_us": transaction.now_us,
    }
    connection.execute(db.adjustments.insert(), [row])
    return number


def read_adjustments(connection: Connection, period: str | None = None) -> list[Record]:
    """The newest MOST_LISTED adjustments of periods of a kind (None: any), newest first, with the leads' names.

    is_current: no later one is about the same period and lead.
    """
    table = db.adjustments
    query = select(table, db.leads.c.lead_id).join(
        db.leads, table.c.lead_no == db.leads.c.lead_no, isouter=True
    )
    if period is not None:
        query = query.where(table.c.period == period)
    rows = connection.execute(query.order_by(table.c.adjustment_no.desc()).limit(MOST_LISTED)).all()
    names = _names(connection, {row.lead_id for row in rows if row.lead_id is not None})
    return list(_records(rows, names))


def _records(rows: Sequence[Any], names: dict[str, str | None]) -> Iterator[Record]:
    seen = set()
    for row in rows:
        subject = (row.period, row.period_start, row.lead_no)
        yield {
            "adjustment_id": row.adjustment_no,
            "period": row.period,
            "period_start": row.period_start,
            "lead_id": row.lead_id,
            "name": names.get(row.lead_id),
            "revenue": row.revenue,
            "wins": row.wins,
            "note": row.note,
            "author": row.author,
            "made_at": format_time(row.made_us),
            "is_current": subject not in seen,
        }
        seen.add(subject)


def _names(connection: Connection, lead_ids: set[str]) -> dict[str, str | None]:
    """The names under which people know the leads."""
    if not lead_ids:
        return {}
    leads = list(find_leads(connection, sorted(lead_ids)).values())
    settings = stored_display(connection)
    attributes = current_attributes(rows_of(connection, leads))
    return {
        lead.lead_id: seen_lead(settings, lead.lead_id, current).name
        for lead, current in zip(leads, attributes, strict=True)
    }
