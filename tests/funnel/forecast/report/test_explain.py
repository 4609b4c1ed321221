"""The explanation of a forecast: its sums and the parts of a change add up."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.explain import PARTS, changes, explanation
from history.base.errors import InvalidInput
from history.history import History
from history.text.times import DAY_US
from models.bundle import Bundle


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


def test_top_leads_are_the_largest_by_expected_revenue(
    bundle: Bundle, history: History, monthly: Forecast
) -> None:
    top = explanation(bundle, history, monthly)["top_leads"]
    revenues = [lead["revenue"] for lead in top]
    assert revenues == sorted(revenues, reverse=True)
    assert revenues[0] == pytest.approx(monthly.open_revenue.sum(axis=1).max())


@pytest.mark.parametrize(
    ("back_days", "fault"), [(0, "give a time before"), (4000, "too long ago for months")]
)
def test_impossible_start_of_a_change_is_refused(
    bundle: Bundle, history: History, monthly: Forecast, back_days: int, fault: str
) -> None:
    with pytest.raises(InvalidInput, match=fault):
        changes(bundle, history, monthly, history.as_of_us - back_days * DAY_US)


def test_arrivals_of_new_leads_add_up(bundle: Bundle, history: History, monthly: Forecast) -> None:
    arrivals = [row["arrivals"] for row in explanation(bundle, history, monthly)["new_leads"]]
    days = (monthly.periods[-1].end_us - monthly.as_of_us) / DAY_US
    expected = np.interp(
        days, np.arange(len(monthly.new_leads.arrivals.cumulative)), monthly.new_leads.arrivals.cumulative
    )
    assert sum(arrivals) == pytest.approx(expected)


def test_unknown_timing_is_explained_by_counts_alone(bundle: Bundle, history: History) -> None:
    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    result = forecast(bundle, undated, ForecastOptions())
    explained = explanation(bundle, undated, result)
    assert sum(row["leads"] for row in explained["by_stage"]) == len(result.leads)
    rows = (*explained["by_stage"], *explained["by_source"], *explained["top_leads"])
    assert {(row["wins"], row["revenue"]) for row in rows} == {(None, None)}
    values = [lead["probability"] * lead["expected_amount"] for lead in explained["top_leads"]]
    assert values == sorted(values, reverse=True)
    assert explained["new_leads"] == []
    assert (explained["changes"]["wins"], explained["changes"]["revenue"]) == (None, None)
