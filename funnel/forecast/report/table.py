"""A forecast as one flat table: a row a period, or a row a period and group."""

from collections.abc import Mapping
from typing import Any, Final

from funnel.forecast.forecast import Forecast
from funnel.forecast.report.report import forecast_rows
from history.base.table_file import COUNT, DATE, NUMBER, TEXT

COLUMNS: Final[Mapping[str, str]] = {
    "period_start": DATE,
    "period_end": DATE,
    "group": TEXT,
    "wins_expected": NUMBER,
    "wins_p10": NUMBER,
    "wins_p50": NUMBER,
    "wins_p90": NUMBER,
    "revenue_expected": NUMBER,
    "revenue_p10": NUMBER,
    "revenue_p50": NUMBER,
    "revenue_p90": NUMBER,
    "already_won": COUNT,
    "already_revenue": NUMBER,
    "open_wins_expected": NUMBER,
    "new_wins_expected": NUMBER,
    "open_revenue_expected": NUMBER,
    "new_revenue_expected": NUMBER,
    "interval_basis": TEXT,
    "currency": TEXT,
}


def columns(forecast: Forecast) -> dict[str, list[Any]]:
    """The forecast file's columns in its order, each of its kind in COLUMNS; `group` only if grouped."""
    records = forecast_rows(forecast)
    names = [name for name in COLUMNS if name in records[0]]
    return {name: [record[name] for record in records] for name in names}
