"""Cached funnels and forecasts: computed on one thread, valid until the store changes."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import func, select

from history.base.errors import InvalidInput
from models.bundle import Bundle
from serving.store import schema as db
from serving.store.database.transaction import read_setting
from serving.store.errors import ReportRefused, ReportsBusy, ReportSlow, StoreUnfit
from serving.store.reports.build import Record, forecast_from, funnel_from
from serving.store.reports.queries import FunnelQuery, ReportQuery
from serving.store.store import Store

LONGEST_WAIT_S = 60.0
MOST_RUNNING = 8  # computed or queued
MOST_CACHED = 32
# A report expires although nothing is stored: rows that are dated ahead become visible.
VALID_US = 60_000_000

StoreVersion = tuple[Any, ...]


@dataclass(frozen=True)
class Report:
    """A funnel or forecast as a record and as JSON, with the model and the store's version that it was made of.

    `page_cache` is for pages, which draw a report once.
    """

    record: Record
    body: bytes
    bundle: Bundle | None
    version: StoreVersion
    made_us: int
    page_cache: dict[str, Any] = field(default_factory=dict, compare=False)

    def is_fresh(self, now_us: int) -> bool:
        """True within VALID_US of its making; a clock that was set back ends it."""
        return 0 <= now_us - self.made_us < VALID_US


class CachedReports:
    """A worker's funnels and forecasts. One is computed at a time, so that other requests keep their processor."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reports")
        self._cached: OrderedDict[ReportQuery, Report] = OrderedDict()
        self._running: dict[tuple[ReportQuery, int], Future[Report]] = {}

    async def get(self, query: ReportQuery, bundle: Bundle | None) -> Report:
        """The report on what is stored now; equal queries at the same time share one computation.

        Raises InvalidInstant or ReportRefused for wrong options, and StoreUnavailable, ReportsBusy or ReportSlow.
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
        try:
            version, now_us = self._store_version(), self._store.now_us()
            cached = self._cached.get(query)
            if (
                cached is not None
                and cached.bundle is bundle
                and cached.version == version
                and cached.is_fresh(now_us)
            ):
                return cached
            record = self._build(query, bundle)
        except StoreUnfit:  # an InvalidInput too, but not for the caller
            raise
        except InvalidInput as refused:
            # Messages name the commands' options: --since is the query key since.
            raise ReportRefused([problem.replace("--", "") for problem in refused.problems]) from None
        body = msgspec.json.encode(record, enc_hook=lambda value: value.tolist())  # numpy's scalars
        report = Report(record, body, bundle, version, now_us)
        self._cached[query] = report
        while len(self._cached) > MOST_CACHED:
            self._cached.popitem(last=False)
        return report

    def _store_version(self) -> StoreVersion:
        """Counters and counts, one of which changes with every write, load and erasure of facts."""
        with self._store.engine.reading() as connection:
            settings = [read_setting(connection, name) for name in ("row_no", "lead_no", "config")]
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (db.leads, db.costs)
            ]
        return (*settings, *counts)

    def _build(self, query: ReportQuery, bundle: Bundle | None) -> Record:
        if isinstance(query, FunnelQuery):
            return funnel_from(self._store, query, bundle)
        assert bundle is not None
        return forecast_from(self._store, query, bundle)
