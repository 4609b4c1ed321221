"""The forecast as a whole: its parts add up, its groups add up, its changes add up, and it reads nothing after T."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from funnel.forecast.explain import PARTS, changes, explanation
from funnel.forecast.figures import report_page
from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.hazards import hazards, known_leads
from funnel.forecast.open_leads import scored_leads, win_probabilities
from funnel.forecast.report import forecast_record, forecast_rows
from funnel.forecast.table import COLUMNS
from funnel.forecast.warnings import forecast_warnings
from history.errors import InvalidInput
from history.history import DAY_US, History
from history.read import read_folder
from history.snapshot import cut
from history.warnings import json_of
from models.bundle import Bundle
from models.pointer import load_champion, read_pointer

BACK_US = 45 * DAY_US


@pytest.fixture(scope="module")
def bundle(trained_home: Path) -> Bundle:
    pointer = read_pointer(trained_home)
    assert pointer is not None
    return load_champion(pointer)


@pytest.fixture(scope="module")
def history(crm: Path, bundle: Bundle) -> History:
    return read_folder(crm, config=bundle.config)


@pytest.fixture(scope="module")
def monthly(bundle: Bundle, history: History) -> Forecast:
    return forecast(bundle, history, ForecastOptions("month", 4))


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


def test_first_period_contains_t_and_its_wins(monthly: Forecast, history: History) -> None:
    first = monthly.periods[0]
    assert first.start_us <= history.as_of_us < first.end_us
    leads_known = known_leads(history, history.as_of_us)
    assert (
        forecast_rows(monthly)[0]["already_won"]
        == leads_known.won_between(first.start_us, history.as_of_us + 1)[0]
    )
    assert all(row["already_won"] == 0 for row in forecast_rows(monthly)[1:])


@pytest.mark.parametrize("column", ["owner", "source", "stage", "industry"])
def test_groups_add_up_to_the_whole(bundle: Bundle, history: History, monthly: Forecast, column: str) -> None:
    grouped = forecast(bundle, history, ForecastOptions("month", 4, column), monthly.leads)
    for name in ("already_wins", "already_revenue", "open_wins", "new_wins", "open_revenue", "new_revenue"):
        whole, parts = getattr(monthly.expectation, name), getattr(grouped.expectation, name)
        np.testing.assert_allclose(parts.sum(axis=1), whole[:, 0], atol=1e-8)
    assert "group" in forecast_rows(grouped)[0]


def test_win_probabilities_rise_and_meet_at_the_horizon(bundle: Bundle, history: History) -> None:
    open_ = scored_leads(bundle, history, history.as_of_us)
    rates = hazards(known_leads(history, history.as_of_us), 180.0)
    horizon = float(bundle.config.horizon_days)
    days = np.array([1.0, 20.0, horizon - 1e-6, horizon, horizon + 1e-6, horizon + 30, 3 * horizon])
    chances = win_probabilities(open_, bundle.close_time, rates, days)
    assert (np.diff(chances, axis=1) >= -1e-12).all()
    np.testing.assert_allclose(chances[:, 3], open_.probability, atol=1e-12)
    np.testing.assert_allclose(chances[:, 4], chances[:, 3], atol=1e-6)
    assert (chances <= 1).all()
    assert chances[:, -1].sum() > chances[:, 3].sum(), "a lead may win after its horizon"


def test_more_periods_do_not_change_the_first_ones(
    bundle: Bundle, history: History, monthly: Forecast
) -> None:
    longer = forecast(bundle, history, ForecastOptions("month", 9), monthly.leads)
    alone = replace(bundle, forecast=None)
    for name in ("open_wins", "new_wins"):
        short = getattr(
            forecast(alone, history, ForecastOptions("month", 4), monthly.leads).expectation, name
        )
        long = getattr(forecast(alone, history, ForecastOptions("month", 9), monthly.leads).expectation, name)
        np.testing.assert_allclose(long[:4], short)
    assert len(forecast_rows(longer)) == 9


def test_rows_after_t_leave_no_trace(bundle: Bundle, history: History) -> None:
    at = history.as_of_us - BACK_US
    whole = forecast(bundle, replace(history, as_of_us=at), ForecastOptions("week", 6))
    known = forecast(bundle, cut(history, at), ForecastOptions("week", 6))
    assert forecast_rows(whole) == forecast_rows(known)


def test_weeks_of_a_quarter_and_the_quarter_agree(bundle: Bundle, history: History) -> None:
    plain = replace(bundle, forecast=None)
    quarters = forecast(plain, history, ForecastOptions("quarter", 1))
    months = forecast(plain, history, ForecastOptions("month", 3))
    last = quarters.periods[0].end_us
    inside = [i for i, p in enumerate(months.periods) if p.end_us <= last]
    np.testing.assert_allclose(
        (months.expectation.open_wins + months.expectation.new_wins)[inside].sum(),
        (quarters.expectation.open_wins + quarters.expectation.new_wins).sum(),
    )


def test_interval_basis_is_the_model_without_replays(
    bundle: Bundle, history: History, monthly: Forecast
) -> None:
    plain = forecast(replace(bundle, forecast=None), history, ForecastOptions("month", 2), monthly.leads)
    assert {row["interval_basis"] for row in forecast_rows(plain)} == {"model"}
    assert all(row["wins_p10"] < row["wins_p90"] for row in forecast_rows(plain)[1:])


def test_revenue_is_null_without_amounts(bundle: Bundle, history: History) -> None:
    amount = np.full_like(history.outcomes.amount, np.nan)
    free = replace(history, outcomes=replace(history.outcomes, amount=amount))
    forecasts = forecast_rows(
        forecast(replace(bundle, amount=None, forecast=None), free, ForecastOptions("month", 2))
    )
    assert all(row[name] is None for row in forecasts for name in row if "revenue" in name)
    assert forecasts[1]["wins_expected"] > 0


@pytest.mark.parametrize("n", [0, 1])
def test_no_lead_or_one_lead_is_forecast(bundle: Bundle, history: History, n: int) -> None:
    known = np.sort(history.created_us)
    tiny = cut(history, int(known[0]) - 1 if n == 0 else int(known[0]))
    assert len(tiny) == n
    result = forecast_record(forecast(bundle, tiny, ForecastOptions("month", 3)))
    assert len(result["periods"]) == 3
    assert all(np.isfinite(row["wins_expected"]) for row in result["periods"])


def test_an_unknown_column_is_named(bundle: Bundle, history: History) -> None:
    with pytest.raises(InvalidInput, match="no column 'colour'"):
        forecast(bundle, history, ForecastOptions(by="colour"))


@pytest.mark.parametrize("back_days", [3, 20, 80])
@pytest.mark.parametrize("period", ["week", "month"])
def test_changes_add_up(bundle: Bundle, history: History, back_days: int, period: str) -> None:
    asked = ForecastOptions(period, 3)
    now = forecast(bundle, history, asked)
    moved = changes(bundle, history, now, history.as_of_us - back_days * DAY_US)
    for what, total in (("wins", now.wins), ("revenue", now.revenue)):
        parts = moved[what]
        assert parts["then"] + sum(parts[name] for name in PARTS) == pytest.approx(parts["now"], abs=1e-6)
        assert parts["now"] == pytest.approx(float(total.sum()))


def test_explanation_sums_to_the_open_leads(bundle: Bundle, history: History, monthly: Forecast) -> None:
    explained = explanation(bundle, history, monthly)
    for name in ("by_stage", "by_source"):
        assert sum(r["wins"] for r in explained[name]) == pytest.approx(
            float(monthly.expectation.open_wins.sum())
        )
    assert len(explained["top_leads"]) == 10
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


def test_undated_wins_make_the_timing_unknown(bundle: Bundle, history: History) -> None:
    def codes(of: History) -> list[str]:
        return [
            warning.code for warning in forecast_warnings(forecast(bundle, of, ForecastOptions()), bundle)
        ]

    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    assert "unknown_timing" not in codes(history)
    assert "unknown_timing" in codes(undated)
