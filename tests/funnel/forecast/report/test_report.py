"""A forecast as records: parts add up, quantiles are ordered, unknown money is null."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.report import (
    PAST_PERIODS,
    forecast_record,
    forecast_rows,
    past_periods,
    pipeline_views,
)
from funnel.forecast.report.table import COLUMNS
from history.history import History
from models.bundle import Bundle


def test_parts_add_up_and_quantiles_are_ordered(monthly: Forecast) -> None:
    for row in forecast_rows(monthly):
        parts = row["already_won"] + row["open_wins_expected"] + row["new_wins_expected"]
        assert row["wins_expected"] == pytest.approx(parts)
        money = row["already_revenue"] + row["open_revenue_expected"] + row["new_revenue_expected"]
        assert row["revenue_expected"] == pytest.approx(money)
        for what in ("wins", "revenue"):
            assert row[f"{what}_p10"] <= row[f"{what}_p50"] <= row[f"{what}_p90"]
        assert row["wins_p10"] >= row["already_won"]
        assert [name for name in COLUMNS if name != "group"] == list(row)


def test_revenue_is_null_without_amounts(bundle: Bundle, history: History) -> None:
    amount = np.full_like(history.outcomes.amount, np.nan)
    free = replace(history, outcomes=replace(history.outcomes, amount=amount))
    forecasts = forecast_rows(
        forecast(replace(bundle, amount=None, forecast=None), free, ForecastOptions("month", 2))
    )
    assert all(row[name] is None for row in forecasts for name in row if "revenue" in name)
    assert forecasts[1]["wins_expected"] > 0


@pytest.mark.parametrize("by", [None, "source"])
def test_undated_wins_leave_the_periods_empty(bundle: Bundle, history: History, by: str | None) -> None:
    """A spreadsheet without closing dates gave "0.0 wins in December" beside a warning."""
    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    result = forecast(bundle, undated, ForecastOptions(by=by))
    record = forecast_record(result)
    for row in (*record["periods"], *record.get("total", ())):
        known = {name for name, value in row.items() if value is not None}
        assert known <= {"period_start", "period_end", "group", "currency"}
    assert set(record["sum"].values()) == {None}
    assert record["actuals"] == record["views"] == []
    within = record["within_horizon"]
    assert (within["days"], within["open_leads"]) == (bundle.config.horizon_days, len(result.leads))
    assert within["wins_expected"] == pytest.approx(result.leads.probability.sum())
    assert within["revenue_expected"] == pytest.approx(result.leads.probability @ result.leads.amount)


def test_commit_counts_no_more_than_the_best_case(monthly: Forecast) -> None:
    for view, row in zip(pipeline_views(monthly), forecast_rows(monthly), strict=True):
        assert view["period_start"] == row["period_start"]
        assert row["already_won"] <= view["commit_wins"] <= view["best_case_wins"]
        assert view["commit_revenue"] <= view["best_case_revenue"]


def test_past_periods_are_whole_and_end_where_the_first_begins(monthly: Forecast) -> None:
    past = past_periods(monthly)
    assert 0 < len(past) <= PAST_PERIODS
    assert past[-1]["period_end"] == monthly.periods[0].start.isoformat()
    for before, after in pairwise(past):
        assert before["period_end"] == after["period_start"]


def test_sum_is_that_of_the_periods(monthly: Forecast) -> None:
    record = forecast_record(monthly)
    for what in ("wins_expected", "revenue_expected"):
        assert record["sum"][what] == pytest.approx(sum(row[what] for row in record["periods"]))
    assert record["sum"]["wins_p10"] >= sum(row["wins_p10"] for row in record["periods"]) - 1e-9


def test_total_of_groups_is_the_forecast_without_groups(grouped: Forecast, monthly: Forecast) -> None:
    """Bit by bit: intervals of owners added up would be three times as wide."""
    record = forecast_record(grouped)
    assert record["total"] == forecast_rows(monthly)
    for name in ("wins_p10", "wins_p90", "revenue_p10", "revenue_p90"):
        assert record["sum"][name] == forecast_record(monthly)["sum"][name]
    assert "total" not in forecast_record(monthly)


def test_target_has_its_chance_in_every_period(bundle: Bundle, history: History, monthly: Forecast) -> None:
    assert forecast_record(monthly)["target"] is None
    p50 = float(monthly.whole_quantiles.revenue[1, 1, 0])
    record = forecast_record(forecast(bundle, history, ForecastOptions("month", 4, "owner", p50)))
    target = record["target"]
    assert target["periods"][1]["chance"] == pytest.approx(0.5, abs=0.01), "of the whole, not of a group"
    assert [row["revenue"] for row in target["periods"]] == [p50] * 4
    assert target["sum"]["revenue"] == pytest.approx(4 * p50)
    expected = record["total"][1]["revenue_expected"]
    assert target["periods"][1]["gap"] == pytest.approx(expected - p50)


@pytest.mark.parametrize(("period", "share"), [("week", 7 / (365.25 / 12)), ("month", 1), ("quarter", 3)])
def test_target_of_a_period_is_its_share_of_months(period: str, share: float) -> None:
    assert ForecastOptions(period, revenue_per_month=300.0).goal == pytest.approx(300 * share)
