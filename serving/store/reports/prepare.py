"""Prepares the reports that are due, beside the service and with lower priority, so that no worker computes them.

Run as `python -m serving.store.reports.prepare PARENT_PID EVERY_US LEAST_ROWS [LINGER_S]`, home and database as for
the service.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from serving.base.parent_death import die_with_parent

if TYPE_CHECKING:  # imported when the priority is low
    from models.bundle import Bundle
    from serving.store.reports.build import Source
    from serving.store.reports.kept import Made, Schedule
    from serving.store.reports.queries import ReportQuery
    from serving.store.reports.version import StoreState
    from serving.store.store import Store

NICENESS = 10
# It stays for a while: the next report of the same state needs no second reading of the store.
LINGER_S = 30.0
POLL_S = 0.5


def prepare(
    store: "Store",
    schedule: "Schedule",
    bundle: "Bundle | None",
    lingers: Callable[[int], bool] = lambda _count: False,
) -> int:
    """Makes what is due, one report after the other, until nothing is and `lingers` ends it; returns their number."""
    from serving.store.database.transaction import Transaction
    from serving.store.reports.build import Source
    from serving.store.reports.kept import due, keep
    from serving.store.reports.version import store_state

    source = Source(store, keeps=True)
    version = None if bundle is None else bundle.version
    count = 0
    while True:
        with store.engine.reading() as connection:
            state = store_state(connection)
            queries = due(connection, schedule, state, version, store.now_us())
        if not queries:
            if not lingers(count):
                return count
            continue
        query = queries[0]
        source.at(state.version)
        made = _make(source, query, bundle, state)
        with store.engine.writing() as connection:
            # A lead that was erased meanwhile may be named in it: then it is made again.
            if store_state(connection).erasures == state.erasures:
                keep(Transaction(connection, made.made_us), query, made)
                count += 1


def _make(source: "Source", query: "ReportQuery", bundle: "Bundle | None", state: "StoreState") -> "Made":
    from history.base.errors import InvalidInput
    from serving.base.instant import InvalidInstant
    from serving.store.errors import StoreUnfit
    from serving.store.reports.build import encoded, refusal_of, report_from
    from serving.store.reports.kept import Made

    about = state, None if bundle is None else bundle.version, source.store.now_us()
    try:
        return Made(*about, body=encoded(report_from(source, query, bundle)).decode())
    except StoreUnfit:
        raise
    except InvalidInstant as refused:
        return Made(*about, refused=[f"{refused.key}: {refused}"])
    except InvalidInput as refused:
        return Made(*about, refused=refusal_of(refused))


class Linger:
    """Waits POLL_S; true until nothing was made for these seconds. Takes the number of reports made so far."""

    def __init__(self, seconds: float = LINGER_S) -> None:
        self._seconds = seconds
        self._count, self._until = -1, 0.0

    def __call__(self, count: int) -> bool:
        if count != self._count:
            self._count, self._until = count, time.monotonic() + self._seconds
        time.sleep(POLL_S)
        return time.monotonic() < self._until


def main(parent_pid: str, every_us: str, least_rows: str, linger_s: str = str(LINGER_S)) -> None:
    """Prepares what is due, then ends."""
    die_with_parent(int(parent_pid))
    os.nice(NICENESS)
    from models.home.pointer import champion
    from serving.base.settings import read_settings
    from serving.store.reports.kept import Schedule
    from serving.store.store import Store

    settings = read_settings()
    store = Store(settings.home, settings.database_url)
    bundle = champion(settings.home)
    try:
        prepare(store, Schedule(int(every_us), int(least_rows)), bundle, Linger(float(linger_s)))
    finally:
        store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
