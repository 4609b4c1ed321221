"""Prepared reports in the store: asked for by callers, made by one process, shown by all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from serving.store import schema as db
from serving.store.database.statements import PreparedInsert
from serving.store.database.transaction import Transaction
from serving.store.reports.queries import (
    FIRST_SHOWN,
    ForecastQuery,
    ReportQuery,
    query_key,
    query_of,
    query_text,
)
from serving.store.reports.version import StoreState

HOUR_US: Final = 3_600_000_000
KEPT_US: Final = 24 * HOUR_US  # a report that nobody asked for in this time is not made anew
# A report is made anew although nothing was stored: rows that are dated ahead become visible.
LONGEST_US: Final = HOUR_US
MOST_KEPT: Final = 100
MOST_WAITING: Final = 8  # first reports of their queries

_ASK = PreparedInsert(db.reports, "key", ("asked_us",))
_STATE_COLUMNS = [column for column in db.reports.columns if column is not db.reports.c.body]


@dataclass(frozen=True)
class KeptReport:
    """A row of the table without its body; made_us is None until it is prepared."""

    key: str
    query: ReportQuery | None
    asked_us: int
    made_us: int | None = None
    version: str | None = None
    model_version: str | None = None
    refused: tuple[str, ...] = ()

    def is_outdated(self, state: StoreState, model_version: str | None) -> bool:
        """True if the store or the model changed since."""
        return (self.version, self.model_version) != (state.version, model_version)


@dataclass(frozen=True)
class Made:
    """A report as it was prepared: of which store and model, and its JSON or why it was refused."""

    state: StoreState
    model_version: str | None
    made_us: int
    body: str | None = None
    refused: Sequence[str] = field(default=())


def kept_report(connection: Connection, query: ReportQuery) -> KeptReport | None:
    """The kept report of a query, None if nobody asked for it."""
    row = connection.execute(select(*_STATE_COLUMNS).where(db.reports.c.key == _key(query))).first()
    return None if row is None else _kept(row)


def body_of(connection: Connection, query: ReportQuery) -> str | None:
    """The JSON of a query's prepared report."""
    return connection.execute(select(db.reports.c.body).where(db.reports.c.key == _key(query))).scalar()


def count_unprepared(connection: Connection) -> int:
    """The number of reports that were never prepared."""
    query = select(func.count()).where(db.reports.c.made_us.is_(None))
    return int(connection.execute(query).scalar() or 0)


def ask(transaction: Transaction, queries: Sequence[ReportQuery]) -> list[None]:
    """Asks for the reports of these queries; forgets those that were asked for longest ago, beyond MOST_KEPT."""
    texts = dict.fromkeys(map(query_text, queries))
    nothing = dict.fromkeys(db.reports.columns.keys())
    rows = [
        {**nothing, "key": query_key(text), "query": text, "asked_us": transaction.now_us} for text in texts
    ]
    _ASK.run(transaction.connection, rows)
    order = select(db.reports.c.key).order_by(db.reports.c.asked_us.desc(), db.reports.c.key)
    beyond = list(transaction.connection.execute(order.offset(MOST_KEPT)).scalars())
    if beyond:
        transaction.connection.execute(delete(db.reports).where(db.reports.c.key.in_(beyond)))
    return [None] * len(queries)


def keep(transaction: Transaction, query: ReportQuery, made: Made) -> None:
    """Stores a prepared report."""
    values = {
        "made_us": made.made_us,
        "version": made.state.version,
        "model_version": made.model_version,
        "refused": msgspec.json.encode(made.refused).decode() if made.refused else None,
        "body": made.body,
    }
    changed = update(db.reports).where(db.reports.c.key == _key(query)).values(values)
    if not transaction.connection.execute(changed).rowcount:
        ask(transaction, [query])
        transaction.connection.execute(changed)


@dataclass(frozen=True)
class Schedule:
    """When reports are made anew: at most every every_us, and for stores of more than least_rows alone."""

    every_us: int
    least_rows: int


def due(
    connection: Connection, schedule: Schedule, state: StoreState, model_version: str | None, now_us: int
) -> list[ReportQuery]:
    """The queries whose reports are to be made now: unprepared ones first, then those asked for last."""
    if state.rows <= schedule.least_rows:
        return []
    kept = [_kept(row) for row in connection.execute(select(*_STATE_COLUMNS))]
    known = {report.query for report in kept}
    first = [KeptReport(_key(query), query, 0) for query in FIRST_SHOWN if query not in known]
    chosen = [report for report in (*kept, *first) if _is_due(report, schedule, state, model_version, now_us)]
    if model_version is None:
        chosen = [report for report in chosen if not isinstance(report.query, ForecastQuery)]
    chosen.sort(key=lambda report: (report.made_us is not None, -report.asked_us))
    return [report.query for report in chosen if report.query is not None]


def _is_due(
    report: KeptReport, schedule: Schedule, state: StoreState, model_version: str | None, now_us: int
) -> bool:
    if report.made_us is None:
        return True
    age_us = now_us - report.made_us
    if report.query not in FIRST_SHOWN and now_us - report.asked_us > KEPT_US:
        return False
    # Below 0 the clock was set back.
    is_old = age_us >= schedule.every_us or age_us < 0
    return is_old and (report.is_outdated(state, model_version) or age_us >= LONGEST_US)


def _key(query: ReportQuery) -> str:
    return query_key(query_text(query))


def _kept(row: Any) -> KeptReport:
    refused = msgspec.json.decode(row.refused, type=list[str]) if row.refused else ()
    query = query_of(row.query)
    return KeptReport(
        row.key, query, row.asked_us, row.made_us, row.version, row.model_version, tuple(refused)
    )
