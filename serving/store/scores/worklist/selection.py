"""Which open leads a worklist shows, and in which order: its query as conditions of SQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, literal_column, or_, select

from serving.store import schema as db
from serving.store.scores.saved import base_at, filter_key

ORDERS: Final[Mapping[str, str]] = {
    "expected_revenue": "revenue_rank",
    "probability": "probability",
    "expected_amount": "amount_rank",
    "created_at": "created_us",
    "last_touch": "touch_us",
    "change": "change",
}
Values = tuple[str, ...]


@dataclass(frozen=True)
class Filters:
    """Filters of a worklist; an empty one matches every lead, several values of one any of them, whatever their case.

    q is searched in id, name, detail, e-mail address, phone number and identifying attributes. snoozed: the snoozed
    leads instead of the others.
    """

    grade: Values = ()
    stage: Values = ()
    owner: Values = ()
    source: Values = ()
    attention: Values = ()
    q: str | None = None
    snoozed: bool = False

    @property
    def has_values(self) -> bool:
        """True for a filter by grade, stage, owner or source."""
        return bool(self.grade or self.stage or self.owner or self.source)


@dataclass(frozen=True)
class WorklistQuery(Filters):
    """Filters, order and page of a worklist; `reverse` turns the order round.

    `after` is the key of the last lead of the page before: its value in the order, and its lead_no.
    """

    order: str = "expected_revenue"
    reverse: bool = False
    limit: int = 50
    after: tuple[float, int] | None = None

    @property
    def filters(self) -> Filters:
        """The filters alone."""
        return Filters(**{field.name: getattr(self, field.name) for field in fields(Filters)})

    @property
    def cursor_order(self) -> str:
        """The order as a cursor names it."""
        return f"-{self.order}" if self.reverse else self.order


def selected(filters: Filters, chosen: Collection[int] | None, now_us: int) -> list[ColumnElement[bool]]:
    """The conditions on `scores`; chosen: the lead numbers that `attention` selects, None without that filter."""
    scores = db.scores.c
    is_snoozed = snoozed_now(now_us)
    conditions = [_is_open(filters, chosen), is_snoozed if filters.snoozed else ~is_snoozed]
    conditions += value_conditions(filters, scores)
    if filters.q:
        conditions.append(scores.search.contains(filters.q.casefold(), autoescape=True))
    if chosen is not None:
        conditions.append(scores.lead_no.in_(sorted(chosen)))
    return conditions


def value_conditions(filters: Filters, columns: Any) -> list[ColumnElement[bool]]:
    """The conditions of filters by grade, stage, owner and source on the columns of a table that has them."""
    conditions = [columns.grade.in_(filters.grade)] if filters.grade else []
    for column, values in (
        (columns.stage_key, filters.stage),
        (columns.owner_key, filters.owner),
        (columns.source_key, filters.source),
    ):
        if values:
            conditions.append(column.in_(sorted({filter_key(value) or "" for value in values})))
    return conditions


def _is_open(filters: Filters, chosen: Collection[int] | None) -> ColumnElement[bool]:
    """The condition on open leads; the sign keeps SQLite from reading all of them in the order of an index.

    Leads that are chosen, snoozed or searched for are found without one, or by a scan: 100,000 rows in the order of an
    index took 170 ms instead of 30. So are those of filters, unless an owner's leads alone are read.
    """
    is_scan = filters.q or ((filters.grade or filters.stage or filters.source) and not filters.owner)
    is_few = chosen is not None or filters.snoozed
    column: ColumnElement[Any] = (
        literal_column("+scores.is_open") if is_scan or is_few else db.scores.c.is_open
    )
    return column == 1


def base_now(now_us: Any, week_ago: Any) -> ColumnElement[Any]:
    """The probability 7 days before now_us, NULL if unknown: as stored, or from the history where time outdated it.

    week_ago is that instant; both are values or parameters.
    """
    scores = db.scores.c
    is_stored = or_(scores.base_until_us.is_(None), scores.base_until_us > now_us)
    return case((is_stored, scores.base_probability), else_=base_at(week_ago))


def snoozed_now(now_us: Any) -> ColumnElement[bool]:
    """True for a row of `scores` whose lead is snoozed; now_us is a value or a parameter."""
    return db.scores.c.lead_no.in_(asleep_at(now_us))


def asleep_at(now_us: Any) -> Select[Any]:
    """The numbers of the leads that are snoozed; now_us is a value or a parameter."""
    return select(db.snoozes.c.lead_no).where(db.snoozes.c.until_us > now_us)


def order_key(query: WorklistQuery, exact_change: ColumnElement[Any] | None) -> ColumnElement[Any]:
    """What the list is ordered by; exact_change replaces the stored column `change`."""
    if query.order == "change" and exact_change is not None:
        return exact_change
    return db.scores.c[ORDERS[query.order]]


def page_of(query: WorklistQuery, key: ColumnElement[Any], statement: Select[Any]) -> Select[Any]:
    """The statement in the query's order, from the lead after `query.after` on; ties are newest arrival first."""
    lead_no = db.scores.c.lead_no
    if query.after is not None:
        last, last_no = query.after
        # The first condition follows from the second; alone it lets the database start within its index.
        if query.reverse:
            is_after = or_(key > literal(last), and_(key == last, lead_no > last_no))
            statement = statement.where(key >= literal(last), is_after)
        else:
            is_after = or_(key < literal(last), and_(key == last, lead_no < last_no))
            statement = statement.where(key <= literal(last), is_after)
    order = (key.asc(), lead_no.asc()) if query.reverse else (key.desc(), lead_no.desc())
    return statement.order_by(*order).limit(query.limit + 1)


def is_before(query: WorklistQuery, key: ColumnElement[Any]) -> ColumnElement[bool]:
    """True for the leads up to and with that of `query.after`."""
    lead_no = db.scores.c.lead_no
    last, last_no = query.after or (0.0, 0)
    if query.reverse:
        return or_(key < literal(last), and_(key == last, lead_no <= last_no))
    return or_(key > literal(last), and_(key == last, lead_no >= last_no))


def count_of(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The number of leads that meet the conditions."""
    return select(func.count()).select_from(db.scores).where(*conditions)


def groups_of(filters: Filters) -> list[ColumnElement[bool]]:
    """The conditions on worklist_groups of filters by grade, stage, owner and source."""
    return value_conditions(filters, db.worklist_groups.c)


def group_numbers(filters: Filters) -> Select[Any]:
    """The groups of leads that filters by values match."""
    return select(db.worklist_groups.c.group_no).where(*groups_of(filters))


def count_of_groups(filters: Filters) -> Select[Any]:
    """The number of open leads that filters by values match, snoozed ones too, from the kept counts; NULL for none."""
    return select(func.sum(db.worklist_groups.c.leads)).where(*groups_of(filters))
