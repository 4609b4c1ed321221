"""Funnels and forecasts: of a small store computed on one thread, of a large one as prepared last."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from history.base.errors import InvalidInput
from history.base.warnings import Warning
from history.text.times import format_time
from models.bundle import Bundle
from serving.store.errors import ReportPreparing, ReportRefused, ReportsBusy, ReportSlow, StoreUnfit
from serving.store.reports.build import Record, Source, check_instants, encoded, refusal_of, report_from
from serving.store.reports.kept import (
    MOST_WAITING,
    KeptReport,
    Schedule,
    ask,
    body_of,
    count_unprepared,
    kept_report,
)
from serving.store.reports.queries import ReportQuery
from serving.store.reports.version import StoreState, store_state
from serving.store.store import Store

LONGEST_WAIT_S = 60.0
MOST_RUNNING = 8  # computed or queued
MOST_CACHED = 32
# A report expires although nothing is stored: rows that are dated ahead become visible.
VALID_US = 60_000_000
# Leads and rows up to which a report is computed while its caller waits: 2 s.
DIRECT_ROWS: Final = 150_000
EVERY_US: Final = 600_000_000
DIRECT: Final = Schedule(EVERY_US, DIRECT_ROWS)
ASK_AGAIN_US: Final = 600_000_000  # a kept report's time of asking is not written at each request


@dataclass(frozen=True)
class Report:
    """A funnel or forecast as a record and as JSON, with the model and the store's version that it was made of.

    is_outdated: a prepared one, after which something was stored. `page_cache` is for pages, which draw a report once.
    """

    record: Record
    body: bytes
    bundle: Bundle | None
    version: str
    made_us: int
    is_outdated: bool = False
    page_cache: dict[str, Any] = field(default_factory=dict, compare=False)

    def is_fresh(self, now_us: int) -> bool:
        """True within VALID_US of its making; a clock that was set back ends it."""
        return 0 <= now_us - self.made_us < VALID_US


class CachedReports:
    """A worker's funnels and forecasts. One is computed at a time, so that other requests keep their processor."""

    def __init__(self, store: Store, schedule: Schedule = DIRECT) -> None:
        self._store = store
        self._schedule = schedule
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reports")
        self._cached: OrderedDict[ReportQuery, Report] = OrderedDict()
        self._running: dict[tuple[ReportQuery, int], Future[Report]] = {}

    async def get(self, query: ReportQuery, bundle: Bundle | None) -> Report:
        """The report on what is stored now; equal queries at the same time share one computation.

        That of a large store is the one prepared last. Raises InvalidInstant or ReportRefused for wrong options, and
        StoreUnavailable, ReportsBusy, ReportSlow or ReportPreparing.
        """
        key = query, id(bundle)
        future = self._running.get(key)
        if future is None:
            if len(self._running) >= MOST_RUNNING:
                raise ReportsBusy
            future = self._thread.submit(self._report, query, bundle)
            self._running[key] = future
            future.add_done_callback(lambda _future: self._running.pop(key, None))
        try:
            # shield: a caller that gives up must not cancel what others wait for
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), LONGEST_WAIT_S)
        except TimeoutError:
            raise ReportSlow from None

    def close(self) -> None:
        """Ends the thread after its current report."""
        self._thread.shutdown(cancel_futures=True)

    def _report(self, query: ReportQuery, bundle: Bundle | None) -> Report:
        with self._store.engine.reading() as connection:
            state = store_state(connection)
        if state.rows > self._schedule.least_rows:
            return self._prepared(query, bundle, state)
        return self._computed(query, bundle, state)

    def _computed(self, query: ReportQuery, bundle: Bundle | None, state: StoreState) -> Report:
        """The report on what is stored now."""
        now_us = self._store.now_us()
        cached = self._cached.get(query)
        if (
            cached is not None
            and cached.bundle is bundle
            and cached.version == state.version
            and cached.is_fresh(now_us)
        ):
            return cached
        try:
            record = report_from(Source(self._store), query, bundle)
        except StoreUnfit:  # an InvalidInput too, but not for the caller
            raise
        except InvalidInput as refused:
            raise ReportRefused(refusal_of(refused)) from None
        return self._cache(query, Report(record, encoded(record), bundle, state.version, now_us))

    def _prepared(self, query: ReportQuery, bundle: Bundle | None, state: StoreState) -> Report:
        """The report that was prepared last; asks for it, so that it is prepared and kept current."""
        wanted = query.prepared
        with self._store.engine.reading() as connection:
            kept = kept_report(connection, wanted)
            waiting = 0 if kept is not None else count_unprepared(connection)
        if kept is None:
            check_instants(self._store, query, bundle)
            if waiting >= MOST_WAITING:
                raise ReportsBusy
        if kept is None or self._store.now_us() - kept.asked_us > ASK_AGAIN_US:
            self._store.writer.write(ask, wanted)
        if kept is None or kept.made_us is None:
            raise ReportPreparing
        if kept.refused:
            raise ReportRefused(kept.refused)
        return self._shown(query, kept, bundle, state)

    def _shown(
        self, query: ReportQuery, kept: KeptReport, bundle: Bundle | None, state: StoreState
    ) -> Report:
        is_outdated = kept.is_outdated(state, None if bundle is None else bundle.version)
        version, made_us = kept.version or "", kept.made_us or 0
        cached = self._cached.get(query)
        is_same = cached is not None and (cached.version, cached.made_us) == (version, made_us)
        if cached is not None and is_same and cached.bundle is bundle and cached.is_outdated == is_outdated:
            return cached
        with self._store.engine.reading() as connection:
            body = body_of(connection, query.prepared)
        if body is None:  # emptied by an erasure since
            raise ReportPreparing
        record = query.shown(msgspec.json.decode(body, type=dict[str, Any]))
        if is_outdated:
            record = {**record, "warnings": [*record["warnings"], outdated_warning(made_us)]}
        report = Report(record, encoded(record), bundle, version, made_us, is_outdated)
        if cached is not None and is_same:
            report.page_cache.update(cached.page_cache)
        return self._cache(query, report)

    def _cache(self, query: ReportQuery, report: Report) -> Report:
        self._cached[query] = report
        self._cached.move_to_end(query)
        while len(self._cached) > MOST_CACHED:
            self._cached.popitem(last=False)
        return report


def outdated_warning(made_us: int) -> dict[str, Any]:
    """The warning of a report after which something was stored."""
    made_at = format_time(made_us)
    detail = f"counted at {made_at}: later rows are stored, and a newer one is being prepared"
    return Warning("report_outdated", "", detail, {"made_at": made_at}).to_json()
