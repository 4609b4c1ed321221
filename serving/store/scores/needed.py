"""The open leads that need attention at an instant, within the budget of each owner."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, null, select

from funnel.state.attention import HIGH_VALUE
from funnel.state.next_step import CODES, LARGE_DROP
from serving.store import schema as db
from serving.store.scores.selection import base_now


def high_value(connection: Connection) -> float | None:
    """The expected revenue from which an open lead is in the top tenth; None if revenues are unknown or all equal.

    The quantile of numpy's default: linear between neighbours.
    """
    scores = db.scores.c
    is_known = and_(scores.is_open == 1, scores.revenue_rank >= 0)
    bounds = select(func.count(), func.min(scores.revenue_rank), func.max(scores.revenue_rank)).where(
        is_known
    )
    count, least, most = connection.execute(bounds).one()
    if not count or least == most:
        return None
    place = (count - 1) * HIGH_VALUE
    below = int(place)
    share = place - below
    # From the top, two rows: the one above the quantile, if there is one, and the one below.
    skipped = max(0, count - 2 - below)
    query = (
        select(scores.revenue_rank)
        .where(is_known)
        .order_by(scores.revenue_rank.desc(), scores.lead_no.desc())
    )
    rows = list(connection.execute(query.offset(skipped).limit(2)).scalars())
    high, low = rows[0], rows[-1]
    return float(high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share)


def code_at(now_us: int, valuable: float | None) -> ColumnElement[Any]:
    """The code of the first rule that holds for a row of `scores`, NULL for none (funnel/state/next_step.py)."""
    scores = db.scores.c
    base = base_now(now_us)
    is_valuable = null() if valuable is None else scores.revenue_rank >= valuable
    holds = (
        scores.unanswered_us < now_us,
        scores.silent_us < now_us,
        scores.stuck_us < now_us,
        and_(is_valuable, scores.untouched_us < now_us),
        scores.probability - base < -LARGE_DROP * base,
    )
    return case(*zip(holds, CODES, strict=True))


def needed(connection: Connection, now_us: int, per_owner: int) -> dict[int, str]:
    """lead_no -> code, of the `per_owner` most valuable leads of each owner for which a rule holds.

    Leads without an owner share a budget. Ties are in order of arrival.
    """
    scores = db.scores.c
    code = code_at(now_us, high_value(connection)).label("code")
    columns = (scores.lead_no, scores.owner_key, scores.revenue_rank, scores.probability, code)
    flagged = select(*columns).where(scores.is_open == 1).subquery()
    best_first = (flagged.c.revenue_rank.desc(), flagged.c.probability.desc(), flagged.c.lead_no)
    place = func.row_number().over(partition_by=flagged.c.owner_key, order_by=best_first).label("place")
    ranked = select(flagged.c.lead_no, flagged.c.code, place).where(flagged.c.code.is_not(None)).subquery()
    query = select(ranked.c.lead_no, ranked.c.code).where(ranked.c.place <= per_owner)
    return dict(map(tuple, connection.execute(query)))
