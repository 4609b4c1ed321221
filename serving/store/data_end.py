"""The end of the stored data: the default T of reports and training."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, select

from history.base.warnings import Warning
from history.data_end import GAP_DAYS, end_of_latest, most_late, needed_count
from history.text.times import DAY_US
from serving.store import schema as db

GAP_US: Final = GAP_DAYS * DAY_US
NO_TIME: Final = np.iinfo(np.int64).min
# The store keeps leads and attribute changes alike, whether they were loaded or came by a call.
WITHOUT_ORIGIN: Final = (db.leads, db.attribute_changes)


def data_end_us(connection: Connection, now_us: int) -> int | None:
    """The end of the data up to now_us, as history/data_end.py defines it; None for an empty store.

    Only loaded interactions, stages and outcomes can be late. What comes by calls always counts, and so do all leads
    and attribute changes.
    """
    latest = [_latest(connection, table, now_us) for table in (db.leads, *db.FACTS)]
    latest_us = max(of_all_us for of_all_us, _ in latest)
    if latest_us == NO_TIME:
        return None
    never_late_us = max(of_calls_us for _, of_calls_us in latest)
    # Late rows lie further than this after all others, so a live store needs no more queries.
    if latest_us - never_late_us <= GAP_US:
        return latest_us
    return max(never_late_us, _robust_end(connection, latest_us))


def late_row_warnings(connection: Connection, end_us: int, now_us: int) -> list[Warning]:
    """`late_rows` for each table with rows after the end of the data that are not after now_us."""
    warnings = []
    for table in db.FACTS:
        count = _count_after(connection, _row_time(table, now_us), end_us)
        if count:
            detail = (
                f"{count:,} stored rows lie more than {GAP_DAYS} days after everything else and are not visible; "
                "as_of with a date after them reads them"
            )
            warnings.append(Warning("late_rows", table.name, detail))
    return warnings


def _latest(connection: Connection, table: Table, now_us: int) -> tuple[int, int]:
    """The latest time of a table up to now_us, of all rows and of those that are never late; NO_TIME without any.

    One statement, since each reads the whole table: the end of a million interactions took 370 ms, and takes 250.
    """
    columns = _time_columns(table)
    figures = [func.max(case((column <= now_us, column))) for column in columns]
    if table not in WITHOUT_ORIGIN:
        is_of_call = table.c.event_key.is_not(None)
        figures += [func.max(case((and_(is_of_call, column <= now_us), column))) for column in columns]
    times_us = [NO_TIME if time_us is None else int(time_us) for time_us in _one(connection, *figures)]
    return max(times_us[: len(columns)]), max(times_us[-len(columns) :])


def _robust_end(connection: Connection, latest_us: int) -> int:
    """The end of the rows up to latest_us, the latest time of any."""
    columns = [_row_time(table, latest_us) for table in (db.leads, *db.FACTS)]
    since_us = latest_us - GAP_US
    counts = [
        _one(connection, func.count(column), func.count(case((column > since_us, 1)))) for column in columns
    ]
    count, count_in_gap = (sum(of_tables) for of_tables in zip(*counts, strict=True))
    # Late rows are all that lie in the last GAP_US; usually they are too many, and no row need be fetched.
    if count_in_gap > most_late(count):
        return latest_us

    needed = needed_count(count)
    times_us: list[int] = []
    for column in columns:
        query = select(column).where(column.is_not(None)).order_by(column.desc()).limit(needed)
        times_us += connection.execute(query).scalars()
    return end_of_latest(np.sort(np.array(times_us, dtype=np.int64))[-needed:], count)


def _one(connection: Connection, *figures: ColumnElement[Any]) -> Sequence[Any]:
    return connection.execute(select(*figures)).one()


def _count_after(connection: Connection, column: ColumnElement[int], time_us: int) -> int:
    return int(connection.execute(select(func.count()).where(column > time_us)).scalar() or 0)


def _time_columns(table: Table) -> list[ColumnElement[int]]:
    return [table.c.created_us] if table is db.leads else [table.c.known_us, table.c.time_us]


def _row_time(table: Table, until_us: int) -> ColumnElement[int]:
    """The later time of each row that is not after until_us, NULL without any."""
    return case(*((column <= until_us, column) for column in _time_columns(table)))
