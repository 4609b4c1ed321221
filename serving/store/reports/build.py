"""The funnel's state and the forecast, computed from the store."""

from typing import Any

import msgspec

from funnel.archive import FORECAST, read_reports
from funnel.forecast.forecast import ForecastOptions, forecast
from funnel.forecast.replays.track import past_forecasts
from funnel.forecast.report.explain import explanation
from funnel.forecast.report.report import forecast_record
from funnel.forecast.report.warnings import forecast_warnings
from funnel.state.report.report import funnel_report
from funnel.state.state import FunnelOptions
from history.base.errors import InvalidInput
from history.base.warnings import Warning, json_of
from history.config.config import FunnelConfig
from history.history import History
from models.bundle import Bundle
from serving.base.instant import read_instant
from serving.store.reports.queries import ForecastQuery, FunnelQuery, ReportQuery
from serving.store.store import Store, StoredRows

Record = dict[str, Any]


class Source:
    """What reports are made of. `keeps`: rows read last stay for the next report of the same state of the store."""

    def __init__(self, store: Store, *, keeps: bool = False) -> None:
        self.store = store
        self._keeps = keeps
        self._version: str | None = None
        self._rows: StoredRows | None = None
        self._histories: dict[str, History] = {}
        self._end_us: int | None = None

    def at(self, version: str) -> None:
        """Forgets what was read of another state of the store."""
        if version != self._version:
            self._version, self._end_us = version, None
            self._forget()

    def end_us(self) -> int:
        """The end of the stored data; now for an empty store."""
        now_us = self.store.now_us()
        if self._end_us is None or not self._keeps:
            end_us = self.store.data_end_us(now_us)
            self._end_us = now_us if end_us is None else end_us
        return self._end_us

    def history(self, as_of_us: int, config: FunnelConfig) -> History:
        """The whole history as visible at as_of_us."""
        if not self._keeps:
            return self.store.read_all(as_of_us, config, with_ids=False)
        if self._rows is None or self._rows.as_of_us != as_of_us:
            self._forget()
            self._rows = self.store.read_rows(as_of_us, with_ids=False)
        # As text: configurations with their targets in another order are equal, and their reports are not.
        key = repr(config)
        if key not in self._histories:
            self._histories[key] = self._rows.history(config)
        return self._histories[key]

    def _forget(self) -> None:
        self._rows = None
        self._histories.clear()


def funnel_config(store: Store, bundle: Bundle | None) -> FunnelConfig:
    """The configuration of the folder loaded last; if none was loaded, the model's."""
    return store.config() or (FunnelConfig() if bundle is None else bundle.config)


def funnel_from(source: Source, query: FunnelQuery, bundle: Bundle | None) -> Record:
    """The funnel as `leadcast funnel --json` gives it; without a model, without probabilities."""
    store = source.store
    config = funnel_config(store, bundle)
    from_us = _instant(query.start, config, "from")
    to_us = _instant(query.end, config, "to")
    since_us = _instant(query.since, config, "since")
    history = source.history(_as_of_us(source, query.as_of, config), config)
    options = FunnelOptions(from_us, to_us, query.by, since_us, query.attention)
    return funnel_report(
        history,
        options,
        bundle,
        _late_rows(store, query.as_of, history),
        may_compare_owners=query.may_compare_owners,
    )


def forecast_from(source: Source, query: ForecastQuery, bundle: Bundle) -> Record:
    """The forecast as `leadcast forecast --json` gives it, with the model's configuration."""
    store = source.store
    since_us = _instant(query.since, bundle.config, "since")
    history = source.history(_as_of_us(source, query.as_of, bundle.config), bundle.config)
    target = funnel_config(store, bundle).targets.get("revenue_per_month")
    options = ForecastOptions(query.period, query.periods, query.by, target)
    result = forecast(bundle, history, options)
    record = {
        **forecast_record(result),
        "currency": result.currency,
        "warnings": json_of([*_late_rows(store, query.as_of, history), *forecast_warnings(result, bundle)]),
    }
    reports = read_reports(store.engine.home, FORECAST, bundle.config.name)
    record["past"] = past_forecasts(reports, record["actuals"], query.period, bundle.config.zone)
    if query.explain:
        record["explain"] = explanation(bundle, history, result, since_us)
    return record


def report_from(source: Source, query: ReportQuery, bundle: Bundle | None) -> Record:
    """The report of a query. Raises InvalidInstant or InvalidInput for its options."""
    if isinstance(query, FunnelQuery):
        return funnel_from(source, query, bundle)
    assert bundle is not None
    return forecast_from(source, query, bundle)


def refusal_of(refused: InvalidInput) -> list[str]:
    """The problems of a query's options in its own words: the command's --since is its key since."""
    return [problem.replace("--", "") for problem in refused.problems]


def encoded(record: Record) -> bytes:
    """A report as JSON."""
    return msgspec.json.encode(record, enc_hook=lambda value: value.tolist())  # numpy's scalars


def _as_of_us(source: Source, as_of: str | None, config: FunnelConfig) -> int:
    """The requested instant; by default the end of the stored data, now for an empty store."""
    if as_of is not None:
        return read_instant(as_of, config.zone)
    # The end of the data and not now: a store that was loaded once and left alone still shows its last state.
    return source.end_us()


def check_instants(store: Store, query: ReportQuery, bundle: Bundle | None) -> None:
    """Raises InvalidInstant for a time of the query that cannot be read."""
    config = bundle.config if bundle is not None and isinstance(query, ForecastQuery) else None
    config = config or funnel_config(store, bundle)
    times = {"as_of": query.as_of, "since": query.since}
    if isinstance(query, FunnelQuery):
        times |= {"from": query.start, "to": query.end}
    for key, text in times.items():
        _instant(text, config, key)


def _late_rows(store: Store, as_of: str | None, history: History) -> list[Warning]:
    """Warnings about rows after the end of the data, if that is T."""
    return [] if as_of is not None else store.late_row_warnings(history.as_of_us, store.now_us())


def _instant(text: str | None, config: FunnelConfig, key: str) -> int | None:
    return None if text is None else read_instant(text, config.zone, key)
