"""The open leads that need attention at an instant, within the budget of each owner."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, literal_column, select

from funnel.state.attention.attention import HIGH_VALUE
from funnel.state.attention.next_step import CODES, LARGE_DROP
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery, is_sqlite
from serving.store.scores.saved import WEEK_US
from serving.store.scores.worklist.counts import leads_by_range, range_end
from serving.store.scores.worklist.selection import base_now, snoozed_now


@dataclass(frozen=True)
class Attended:
    """lead_no -> code of the leads that need attention, and the expected revenue of the top tenth."""

    codes: Mapping[int, str]
    high_value: float | None


def high_value(connection: Connection) -> float | None:
    """The expected revenue from which an open lead is in the top tenth; None if revenues are unknown or all equal.

    The quantile of numpy's default: linear between neighbours.
    """
    scores = db.scores.c
    is_known = and_(scores.is_open == 1, scores.revenue_rank >= 0)
    known = select(scores.revenue_rank).where(is_known)
    ranges = [(number, leads) for number, leads in leads_by_range(connection) if number >= 0]
    count = sum(leads for _, leads in ranges)
    least, most = (
        connection.execute(known.order_by(order).limit(1)).scalar()
        for order in (scores.revenue_rank.asc(), scores.revenue_rank.desc())
    )
    if not count or least == most:
        return None
    place = (count - 1) * HIGH_VALUE
    below = int(place)
    share = place - below
    # From the top, two rows: the one above the quantile, if there is one, and the one below.
    skipped = max(0, count - 2 - below)
    for number, leads in ranges:
        if skipped < leads:
            known = known.where(scores.revenue_rank < range_end(number))
            break
        skipped -= leads
    query = known.order_by(scores.revenue_rank.desc(), scores.lead_no.desc())
    rows = list(connection.execute(query.offset(skipped).limit(2)).scalars())
    high, low = rows[0], rows[-1]
    return float(high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share)


def code_at(now_us: Any, week_ago: Any, valuable: Any) -> ColumnElement[Any]:
    """The code of the first rule that holds for a row of `scores`, NULL for none (funnel/state/attention/next_step.py).

    Takes values or parameters, and has no parameters of its own, for prepared statements.
    """
    scores = db.scores.c
    base = base_now(now_us, week_ago)
    drop: ColumnElement[Any] = literal_column(str(-LARGE_DROP))
    holds = (
        scores.unanswered_us < now_us,
        scores.silent_us < now_us,
        scores.stuck_us < now_us,
        and_(scores.revenue_rank >= valuable, scores.untouched_us < now_us),
        scores.probability - base < drop * base,
    )
    return case(*((held, literal_column(f"'{code}'")) for held, code in zip(holds, CODES, strict=True)))


_TIMES: Any = tuple(map(bindparam, ("now_us", "week_ago", "valuable")))
_IS_OPEN = db.scores.c.is_open == literal_column("1")
_IS_SNOOZED = snoozed_now(_TIMES[0])
_FLAGGED = (
    select(db.scores.c.lead_no, db.scores.c.owner_key, db.scores.c.revenue_rank, db.scores.c.probability)
    .add_columns(code_at(*_TIMES).label("code"))
    .where(_IS_OPEN, ~_IS_SNOOZED)
    .subquery()
)
_BEST_FIRST = (_FLAGGED.c.revenue_rank.desc(), _FLAGGED.c.probability.desc(), _FLAGGED.c.lead_no)
_HAS_CODE = _FLAGGED.c.code.is_not(None)
_PLACE = func.row_number().over(partition_by=_FLAGGED.c.owner_key, order_by=_BEST_FIRST)
_PLACED = select(_FLAGGED.c.lead_no, _FLAGGED.c.code, _PLACE.label("place")).where(_HAS_CODE).subquery()
_OF_ALL = PreparedQuery(
    select(_PLACED.c.lead_no, _PLACED.c.code).where(_PLACED.c.place <= bindparam("per_owner"))
)
_BEST = select(_FLAGGED.c.lead_no, _FLAGGED.c.code).where(_HAS_CODE).order_by(*_BEST_FIRST)
_BEST = _BEST.limit(bindparam("per_owner")).offset(literal_column("0"))
_OF_OWNER = PreparedQuery(_BEST.where(_FLAGGED.c.owner_key == bindparam("owner")))
_OF_NOBODY = PreparedQuery(_BEST.where(_FLAGGED.c.owner_key.is_(None)))
_NEXT_OWNER = PreparedQuery(
    select(func.min(db.scores.c.owner_key)).where(_IS_OPEN, db.scores.c.owner_key > bindparam("after"))
)


def needed(connection: Connection, now_us: int, per_owner: int) -> Attended:
    """The `per_owner` most valuable leads of each owner for which a rule holds.

    Leads without an owner share a budget; snoozed leads are left out. Ties are in order of arrival.
    """
    valuable = high_value(connection)
    parameters = {
        "now_us": now_us,
        "week_ago": now_us - WEEK_US,
        "valuable": sys.float_info.max if valuable is None else valuable,
        "per_owner": per_owner,
    }
    if not is_sqlite(connection):
        return Attended(dict(_OF_ALL.rows(connection, **parameters)), valuable)
    # Where most leads need attention, the first rows of an owner's index are enough: 100,000 leads took 370 ms at once
    # and take 10.
    codes: dict[int, str] = dict(_OF_NOBODY.rows(connection, **parameters))
    owner: str | None = ""  # no key is smaller; that of a blank owner is handled like any other
    codes |= dict(_OF_OWNER.rows(connection, **parameters, owner=owner))
    while (owner := _NEXT_OWNER.rows(connection, after=owner)[0][0]) is not None:
        codes |= dict(_OF_OWNER.rows(connection, **parameters, owner=owner))
    return Attended(codes, valuable)
