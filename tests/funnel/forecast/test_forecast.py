"""The forecast as a whole: its parts add up, its groups add up, its changes add up, and it reads nothing after T."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.report import forecast_record, forecast_rows
from funnel.recording import known_leads
from history.history import History
from history.snapshot import cut
from history.text.times import DAY_US
from models.bundle import Bundle

BACK_US = 45 * DAY_US


def test_first_period_contains_t_and_its_wins(monthly: Forecast, history: History) -> None:
    first = monthly.periods[0]
    assert first.start_us <= history.as_of_us < first.end_us
    leads_known = known_leads(history, history.as_of_us)
    assert (
        forecast_rows(monthly)[0]["already_won"]
        == leads_known.won_between(first.start_us, history.as_of_us + 1)[0]
    )
    assert all(row["already_won"] == 0 for row in forecast_rows(monthly)[1:])


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
    """A funnel of two months can replay nothing, by its model or by ages; an older one is replayed by ages."""
    plain = replace(bundle, forecast=None)
    young = cut(history, int(history.created_us.min()) + 60 * DAY_US)
    rows = forecast_rows(forecast(plain, young, ForecastOptions("month", 2)))
    assert {row["interval_basis"] for row in rows} == {"model"}
    assert all(row["wins_p10"] <= row["wins_p90"] for row in rows)
    old = forecast(plain, history, ForecastOptions("month", 2), monthly.leads)
    assert {row["interval_basis"] for row in forecast_rows(old)} == {"measured"}


@pytest.mark.parametrize("n", [0, 1])
def test_no_lead_or_one_lead_is_forecast(bundle: Bundle, history: History, n: int) -> None:
    known = np.sort(history.created_us)
    tiny = cut(history, int(known[0]) - 1 if n == 0 else int(known[0]))
    assert len(tiny) == n
    result = forecast_record(forecast(bundle, tiny, ForecastOptions("month", 3)))
    assert len(result["periods"]) == 3
    assert all(np.isfinite(row["wins_expected"]) for row in result["periods"])
