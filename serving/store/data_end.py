"""The end of the stored data: the default T of reports and training."""

from typing import Final

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, case, func, select

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
    tables = (db.leads, *db.FACTS)
    latest_us = max(_latest(connection, table, now_us) for table in tables)
    if latest_us == NO_TIME:
        return None
    never_late_us = max(_latest(connection, table, now_us, only_never_late=True) for table in tables)
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


def _latest(connection: Connection, table: Table, now_us: int, only_never_late: bool = False) -> int:
    """The latest time of a table up to now_us, NO_TIME without any."""
    latest_us = NO_TIME
    for column in _time_columns(table):
        query = select(func.max(column)).where(column <= now_us)
        if only_never_late and table not in WITHOUT_ORIGIN:
            query = query.where(table.c.event_key.is_not(None))
        time_us = connection.execute(query).scalar()
        if time_us is not None:
            latest_us = max(latest_us, int(time_us))
    return latest_us


def _robust_end(connection: Connection, latest_us: int) -> int:
    """The end of the rows up to latest_us, the latest time of any."""
    columns = [_row_time(table, latest_us) for table in (db.leads, *db.FACTS)]
    count = sum(_count_after(connection, column, NO_TIME) for column in columns)
    # Late rows are all that lie in the last GAP_US; usually they are too many, and no row need be fetched.
    if sum(_count_after(connection, column, latest_us - GAP_US) for column in columns) > most_late(count):
        return latest_us

    needed = needed_count(count)
    times_us: list[int] = []
    for column in columns:
        query = select(column).where(column.is_not(None)).order_by(column.desc()).limit(needed)
        times_us += connection.execute(query).scalars()
    return end_of_latest(np.sort(np.array(times_us, dtype=np.int64))[-needed:], count)


def _count_after(connection: Connection, column: ColumnElement[int], time_us: int) -> int:
    return int(connection.execute(select(func.count()).where(column > time_us)).scalar() or 0)


def _time_columns(table: Table) -> list[ColumnElement[int]]:
    return [table.c.created_us] if table is db.leads else [table.c.known_us, table.c.time_us]


def _row_time(table: Table, until_us: int) -> ColumnElement[int]:
    """The later time of each row that is not after until_us, NULL without any."""
    return case(*((column <= until_us, column) for column in _time_columns(table)))
