"""A forecast as a file: the columns of its records in the declared order, `group` only if grouped."""

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.report import forecast_rows
from funnel.forecast.report.table import COLUMNS, columns
from history.history import History
from models.bundle import Bundle


def test_columns_hold_the_records(monthly: Forecast) -> None:
    table, rows = columns(monthly), forecast_rows(monthly)
    assert list(table) == [name for name in COLUMNS if name != "group"]
    assert [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)] == rows


def test_grouped_forecast_has_a_row_for_each_period_and_group(
    bundle: Bundle, history: History, monthly: Forecast
) -> None:
    table = columns(forecast(bundle, history, ForecastOptions("month", 2, "source"), monthly.leads))
    assert list(table) == list(COLUMNS)
    names = set(table["group"])
    assert len(table["group"]) == 2 * len(names)
