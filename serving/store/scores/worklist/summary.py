"""What a selection of open leads is expected to bring: in all, by value, and from the best of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, func, null, select

from funnel.state.attention.next_step import CODES
from history.base.counts import commonest
from serving.store import schema as db
from serving.store.database.statements import PreparedQuery
from serving.store.scores.saved import filter_key

GROUPS: Final = ("grade", "stage", "owner", "source")
MISSING: Final = ""  # the value of leads without one


@dataclass
class Expected:
    """Leads with their expected wins and expected revenue, None while no amount is known."""

    leads: int = 0
    wins: float = 0.0
    revenue: float | None = None

    def add(self, leads: int, wins: float, revenue: float | None) -> None:
        self.leads += leads
        self.wins += wins
        if revenue is not None:
            self.revenue = (self.revenue or 0.0) + revenue

    def record(self) -> dict[str, Any]:
        """The figures in the contract's words."""
        return {"leads": self.leads, "expected_wins": self.wins, "expected_revenue": self.revenue}


@dataclass
class _Value:
    """One value of a column, whatever its spelling: the commonest one is shown."""

    expected: Expected = field(default_factory=Expected)
    spellings: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def spelling(self) -> str:
        return commonest(self.spellings)


_SCORES = db.scores.c


def expected_of(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], is_filtered: bool = False
) -> dict[str, Any]:
    """{leads, expected_wins, expected_revenue, by: {grade, stage, owner, source: {value: figures}}}.

    A lead without a value counts under an empty text. Values are in order of their leads' number, most first.
    """
    return _listed_sums(connection.execute(_grouped(conditions, is_filtered)).all())


def expected_of_groups(
    connection: Connection, groups: Sequence[ColumnElement[bool]], snoozed: Sequence[ColumnElement[bool]]
) -> dict[str, Any]:
    """`expected_of` the leads of some groups, from the figures that are kept, without those that are snoozed.

    groups: conditions on worklist_groups; snoozed: on scores, of the snoozed leads among them.
    """
    kept = db.worklist_groups.c
    names = (*db.SUMMED, "leads", "wins", "priced", "revenue")
    rows = connection.execute(select(*(kept[name] for name in names)).where(*groups, kept.leads > 0))
    figures = {tuple(texts): (leads, wins, priced, revenue) for *texts, leads, wins, priced, revenue in rows}
    for *texts, leads, wins, priced, revenue in connection.execute(_grouped_asleep(snoozed)):
        of_all = figures[tuple(texts)]
        without = (of_all[0] - leads, of_all[1] - wins, of_all[2] - priced, of_all[3] - (revenue or 0.0))
        figures[tuple(texts)] = without
    return _listed_sums(
        [
            (*texts, leads, wins, revenue if priced else None)
            for texts, (leads, wins, priced, revenue) in figures.items()
            if leads
        ]
    )


def _grouped_asleep(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    columns = [_SCORES[name] for name in db.SUMMED]
    revenue = case((_SCORES.revenue_rank >= 0, _SCORES.revenue_rank), else_=null())
    figures = (func.count(), func.sum(_SCORES.probability), func.count(revenue), func.sum(revenue))
    return select(*columns, *figures).where(*conditions).group_by(*columns)


def _listed_sums(rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """The record of rows of SUMMED, leads, wins and revenue."""
    total = Expected()
    values: dict[str, dict[str | None, _Value]] = {name: defaultdict(_Value) for name in GROUPS}
    for *texts, leads, wins, revenue in rows:
        total.add(leads, wins, revenue)
        for name, text in zip(db.SUMMED, texts, strict=True):
            value = values[name][filter_key(text)]
            value.expected.add(leads, wins, revenue)
            value.spellings[text or MISSING] += leads
    return {**total.record(), "by": {name: _listed(of_column) for name, of_column in values.items()}}


_OF_LEADS = PreparedQuery(
    select(_SCORES.lead_no, _SCORES.probability, _SCORES.revenue_rank), among=_SCORES.lead_no
)


def _grouped(conditions: Sequence[ColumnElement[bool]], is_filtered: bool) -> Select[Any]:
    """The figures by value of SUMMED: of all leads in the order of an index, of a selection by that of its filters."""
    names = (*db.SUMMED, "probability", "revenue_rank")
    rows = select(*(_SCORES[name] for name in names)).where(*conditions)
    if is_filtered:
        # An offset keeps the grouping from choosing the index: an owner's sums took 190 ms, and take 10.
        rows = rows.offset(0)
    of = rows.subquery().c
    revenue = case((of.revenue_rank >= 0, of.revenue_rank), else_=null())
    columns = [of[name] for name in db.SUMMED]
    figures = (func.count(), func.sum(of.probability), func.sum(revenue))
    return select(*columns, *figures).group_by(*columns)


def expected_by_code(connection: Connection, codes: Mapping[int, str]) -> dict[str, Any]:
    """The figures of these leads by the code of their attention, in the order of CODES."""
    figures = {code: Expected() for code in CODES}
    for lead_no, probability, revenue in _OF_LEADS.rows(connection, some=list(codes)) if codes else ():
        figures[codes[lead_no]].add(1, probability, revenue if revenue >= 0 else None)
    return {code: expected.record() for code, expected in figures.items() if expected.leads}


def _listed(values: Mapping[str | None, _Value]) -> dict[str, Any]:
    ordered = sorted(values.values(), key=lambda value: (-value.expected.leads, value.spelling))
    return {value.spelling: value.expected.record() for value in ordered}


def best_of(
    connection: Connection, best: Select[Any], total: Mapping[str, Any], capacity: int
) -> dict[str, Any]:
    """What the first `capacity` leads bring, as many at random, and how many bring half of the expected wins.

    best: probability and revenue_rank of the selection in its order.
    """
    first = best.limit(capacity).subquery()
    revenue = case((first.c.revenue_rank >= 0, first.c.revenue_rank), else_=null())
    query = select(func.count(), func.sum(first.c.probability), func.sum(revenue))
    count, wins, brought = connection.execute(query).one()
    share = count / total["leads"] if total["leads"] else 0.0
    in_all = total["expected_revenue"]
    return {
        "n": count,
        "expected_wins": wins or 0.0,
        "expected_revenue": None if in_all is None else brought or 0.0,
        "random_wins": share * total["expected_wins"],
        "random_revenue": None if in_all is None else share * in_all,
        "n_half_wins": _half(connection, best, total),
    }


def _half(connection: Connection, best: Select[Any], total: Mapping[str, Any]) -> int:
    """How many of the first leads together bring half of the expected wins."""
    so_far, n = 0.0, 0
    with connection.execute(best.limit(total["leads"])) as rows:
        for row in rows:
            so_far, n = so_far + row[0], n + 1
            if so_far >= total["expected_wins"] / 2:
                break
    return n
