"""Plots of a forecast show its figures, and the page needs no network."""

from dataclasses import replace

import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.explain import PARTS, explanation
from funnel.forecast.report.figures import (
    Beside,
    backtest_figure,
    fan_figure,
    forecast_figures,
    report_page,
    waterfall_figure,
)
from funnel.forecast.report.report import forecast_record
from funnel.forecast.report.warnings import forecast_warnings
from history.base.warnings import json_of
from history.history import History
from models.bundle import Bundle

ROW = {"period_start": "2026-01-01", "period_end": "2026-02-01", "group": "a",
       "wins_expected": 2.0, "wins_p10": 1.0, "wins_p90": 4.0,
       "already_won": 1, "currency": None}  # fmt: skip


def test_page_of_a_forecast_loads_nothing(bundle: Bundle, history: History, monthly: Forecast) -> None:
    explained = explanation(bundle, history, monthly)
    page = report_page(
        {
            **forecast_record(monthly),
            "currency": monthly.currency,
            "warnings": json_of(forecast_warnings(monthly, bundle)),
            "explain": explained,
        }
    )
    assert "Plotly" in page
    assert "http-equiv" not in page


def test_figures_of_unknown_money_are_left_out(monthly: Forecast) -> None:
    record = {**forecast_record(monthly), "currency": "<b>"}
    assert set(forecast_figures(record)) == {"revenue_fan", "wins_fan", "revenue_origin", "wins_origin"}
    assert "<b>" not in forecast_figures(record)["revenue_fan"].layout.title.text
    record["sum"] = {**record["sum"], "revenue_expected": None}
    assert set(forecast_figures(record)) == {"wins_fan", "wins_origin"}


def test_unknown_timing_has_no_figures(bundle: Bundle, history: History) -> None:
    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    result = forecast(bundle, undated, ForecastOptions())
    explained = explanation(bundle, undated, result)
    record = {**forecast_record(result), "currency": None, "warnings": [], "explain": explained}
    assert forecast_figures(record) == {}
    assert "Intervals: unknown." in report_page(record)


def test_figures_of_groups_show_the_whole(grouped: Forecast, monthly: Forecast) -> None:
    """Quantiles of groups do not add up: the band is that of a forecast without groups."""
    record = {**forecast_record(grouped), "currency": None}
    plain = {**forecast_record(monthly), "currency": None}
    assert forecast_figures(record)["wins_fan"].data[2].y == forecast_figures(plain)["wins_fan"].data[2].y


def test_target_and_earlier_forecasts_stand_in_the_fan() -> None:
    past = {**ROW, "period_start": "2025-12-01", "period_end": "2026-01-01", "wins": 3}
    names = [trace.name for trace in fan_figure([ROW], [past], "wins", "", Beside(2.5, [past])).data]
    assert names[-2:] == ["forecast of then", "target"]
    assert "target" not in [trace.name for trace in fan_figure([ROW], [past], "wins", "").data]


def test_error_bars_reach_from_p10_to_p90() -> None:
    expected = fan_figure([ROW], [], "wins", "").data[-1]
    assert expected.y == (2.0,)
    assert (expected.error_y.array, expected.error_y.arrayminus) == ((2.0,), (1.0,))


def test_waterfall_shows_every_part_once() -> None:
    changes = {"then": 5.0, **dict.fromkeys(PARTS, 1.0), "now": 5.0 + len(PARTS)}
    (bars,) = waterfall_figure(changes, "2026-01-01T00:00:00Z", "wins", "").data
    assert bars.x == ("then", *("new leads" if part == "new" else part for part in PARTS), "now")
    assert sum(bars.y[:-1]) == pytest.approx(bars.y[-1])


def test_backtest_shows_one_measure_and_step() -> None:
    cell = {"what": "wins", "step": 1, "as_of": "2026-01-01T00:00:00Z", "forecast": (2.0, 1.0, 2.0, 4.0),
            "came": 3, "last_periods": []}  # fmt: skip
    figure = backtest_figure([cell, {**cell, "step": 2}, {**cell, "what": "revenue"}], "wins", 1, "")
    assert [list(trace.y) for trace in figure.data] == [[2.0], [3], [None]]
