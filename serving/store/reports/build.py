"""The funnel's state and the forecast, computed from the store."""

from typing import Any

from funnel.archive import FORECAST, read_reports
from funnel.forecast.explain import explanation
from funnel.forecast.forecast import ForecastOptions, forecast
from funnel.forecast.report import forecast_record
from funnel.forecast.track import past_forecasts
from funnel.forecast.warnings import forecast_warnings
from funnel.state.report import funnel_report
from funnel.state.state import FunnelOptions
from history.base.warnings import Warning, json_of
from history.config.config import FunnelConfig
from history.history import History
from models.bundle import Bundle
from serving.base.instant import read_instant
from serving.store.reports.queries import ForecastQuery, FunnelQuery
from serving.store.store import Store

Record = dict[str, Any]


def funnel_config(store: Store, bundle: Bundle | None) -> FunnelConfig:
    """The configuration of the folder loaded last; if none was loaded, the model's."""
    return store.config() or (FunnelConfig() if bundle is None else bundle.config)


def funnel_from(store: Store, query: FunnelQuery, bundle: Bundle | None) -> Record:
    """The funnel as `leadcast funnel --json` gives it; without a model, without probabilities."""
    config = funnel_config(store, bundle)
    from_us = _instant(query.start, config, "from")
    to_us = _instant(query.end, config, "to")
    since_us = _instant(query.since, config, "since")
    history = store.read_all(_as_of_us(store, query.as_of, config), config, with_ids=False)
    options = FunnelOptions(from_us, to_us, query.by, since_us, query.attention)
    return funnel_report(
        history,
        options,
        bundle,
        _late_rows(store, query.as_of, history),
        may_compare_owners=query.may_compare_owners,
    )


def forecast_from(store: Store, query: ForecastQuery, bundle: Bundle) -> Record:
    """The forecast as `leadcast forecast --json` gives it, with the model's configuration."""
    since_us = _instant(query.since, bundle.config, "since")
    history = store.read_all(_as_of_us(store, query.as_of, bundle.config), bundle.config, with_ids=False)
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


def _as_of_us(store: Store, as_of: str | None, config: FunnelConfig) -> int:
    """The requested instant; by default the end of the stored data, now for an empty store."""
    if as_of is not None:
        return read_instant(as_of, config.zone)
    # The end of the data and not now: a store that was loaded once and left alone still shows its last state.
    now_us = store.now_us()
    end_us = store.data_end_us(now_us)
    return now_us if end_us is None else end_us


def _late_rows(store: Store, as_of: str | None, history: History) -> list[Warning]:
    """Warnings about rows after the end of the data, if that is T."""
    return [] if as_of is not None else store.late_row_warnings(history.as_of_us, store.now_us())


def _instant(text: str | None, config: FunnelConfig, key: str) -> int | None:
    return None if text is None else read_instant(text, config.zone, key)
