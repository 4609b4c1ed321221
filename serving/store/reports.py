"""The funnel's state and the forecast from the store: made on a thread of their own, kept until something changes."""

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import func, select

from funnel.forecast.explain import explained
from funnel.forecast.forecast import Asked, answer, forecast
from funnel.forecast.warnings import notes
from funnel.state.attention import SHOWN_LEADS
from funnel.state.owners import chances_of, owners
from funnel.state.state import FunnelAsked, funnel_state
from history.config import FunnelConfig
from history.errors import InvalidInput
from models.bundle import Bundle
from serving.base.instant import read_instant
from serving.store import schema as db
from serving.store.errors import ReportRefused, ReportsBusy, ReportSlow, StoreUnfit
from serving.store.store import Store
from serving.store.writer import read_setting

ANSWER_SECONDS = 60.0
MOST_WAITING = 8
MOST_KEPT = 32
KEPT_US = 60_000_000  # as long as an answer stands while nothing is stored: rows dated ahead come due

Record = dict[str, Any]
Mark = tuple[Any, ...]


@dataclass(frozen=True)
class FunnelQuery:
    """The options of `leadcast funnel`; times are still text, since a date depends on the time zone."""

    as_of: str | None = None
    start: str | None = None
    end: str | None = None
    by: str | None = None
    since: str | None = None
    attention: int = SHOWN_LEADS


@dataclass(frozen=True)
class ForecastQuery:
    """The options of `leadcast forecast`."""

    as_of: str | None = None
    period: str = "month"
    periods: int | None = None
    by: str | None = None
    explain: bool = False
    since: str | None = None


Query = FunnelQuery | ForecastQuery


@dataclass(frozen=True)
class Made:
    """An answer, as a record and as JSON, and what it was made of; pages keep what they drew of it in `drawn`."""

    record: Record
    body: bytes
    bundle: Bundle | None
    mark: Mark
    made_us: int
    drawn: dict[str, Any] = field(default_factory=dict, compare=False)

    def stands(self, now_us: int) -> bool:
        return 0 <= now_us - self.made_us < KEPT_US


class Outlook:
    """A worker's answers about all leads; one is worked out at a time, so that requests keep their processor."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outlook")
        self._kept: OrderedDict[Query, Made] = OrderedDict()
        self._running: dict[tuple[Query, int], Future[Made]] = {}

    async def ask(self, query: Query, bundle: Bundle | None) -> Made:
        """The answer as of what is stored now; the same question asked meanwhile waits for the same answer.

        Raises InvalidInstant or ReportRefused for bad options, StoreUnavailable, ReportsBusy or ReportSlow.
        """
        key = query, id(bundle)
        future = self._running.get(key)
        if future is None:
            if len(self._running) >= MOST_WAITING:
                raise ReportsBusy
            future = self._thread.submit(self._answer, query, bundle)
            self._running[key] = future
            future.add_done_callback(lambda _done: self._running.pop(key, None))
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), ANSWER_SECONDS)
        except TimeoutError:
            raise ReportSlow from None

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)

    def _answer(self, query: Query, bundle: Bundle | None) -> Made:
        try:
            mark, now_us = self._mark(), self._store.now_us()
            kept = self._kept.get(query)
            if kept is not None and kept.bundle is bundle and kept.mark == mark and kept.stands(now_us):
                return kept
            made = self._make(query, bundle)
        except StoreUnfit:
            raise
        except InvalidInput as refused:
            raise ReportRefused([text.replace("--", "") for text in refused.problems]) from None
        body = msgspec.json.encode(made, enc_hook=lambda value: value.tolist())
        self._kept[query] = Made(made, body, bundle, mark, now_us)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[query]

    def _mark(self) -> Mark:
        """What changes with everything that is stored, loaded or erased."""
        with self._store.engine.reading() as connection:
            numbers = [read_setting(connection, name) for name in ("row_no", "lead_no", "config")]
            counts = [
                connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (db.leads, db.costs)
            ]
        return (*numbers, *counts)

    def _make(self, query: Query, bundle: Bundle | None) -> Record:
        if isinstance(query, FunnelQuery):
            return funnel_from(self._store, query, bundle)
        assert bundle is not None
        return forecast_from(self._store, query, bundle)


def funnel_config(store: Store, bundle: Bundle | None) -> FunnelConfig:
    """The configuration that the funnel is read under: that loaded last, else the model's."""
    return store.config() or (FunnelConfig() if bundle is None else bundle.config)


def funnel_from(store: Store, query: FunnelQuery, bundle: Bundle | None) -> Record:
    """As `leadcast funnel --json`, from the store."""
    config = funnel_config(store, bundle)
    from_us, to_us, since_us = (
        _instant(text, config, key)
        for key, text in (("from", query.start), ("to", query.end), ("since", query.since))
    )
    history = store.read_all(_at(store, query.as_of, config), config)
    chances = None if bundle is None else chances_of(bundle, history)
    asked = FunnelAsked(from_us, to_us, query.by, since_us, query.attention)
    state = funnel_state(history, asked, chances)
    state["owners"] = [] if bundle is None else owners(bundle, history, from_us, to_us)
    return state


def forecast_from(store: Store, query: ForecastQuery, bundle: Bundle) -> Record:
    """As `leadcast forecast --json`, from the store, under the model's configuration."""
    since_us = _instant(query.since, bundle.config, "since")
    history = store.read_all(_at(store, query.as_of, bundle.config), bundle.config)
    asked = Asked(query.period, query.periods, query.by)
    made = forecast(bundle, history, asked)
    record = {**answer(made), "currency": made.currency, "warnings": notes(made, bundle)}
    if query.explain:
        record["explain"] = explained(bundle, history, asked, made, since_us)
    return record


def _at(store: Store, as_of: str | None, config: FunnelConfig) -> int:
    """The instant asked for; else the latest time in the store, now for an empty one."""
    if as_of is not None:
        return read_instant(as_of, config.zone)
    now_us = store.now_us()
    latest = store.latest_us(now_us)
    return now_us if latest is None else latest


def _instant(text: str | None, config: FunnelConfig, key: str) -> int | None:
    return None if text is None else read_instant(text, config.zone, key)
