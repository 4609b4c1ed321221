"""Warnings of a forecast: each names the one thing that is missing, and sane data has none."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.forecast.forecast import Forecast, ForecastOptions, forecast
from funnel.forecast.report.warnings import forecast_warnings
from history.history import History, no_outcomes
from history.snapshot import cut
from models.bundle import Bundle


def codes(result: Forecast, bundle: Bundle) -> set[str]:
    return {warning.code for warning in forecast_warnings(result, bundle)}


def test_sane_forecast_has_no_warning_of_leads(bundle: Bundle, monthly: Forecast) -> None:
    """A few wins of the simulated CRM have no amount, and ten months are too few to measure intervals."""
    assert codes(monthly, bundle) <= {"unknown_amounts", "unmeasured_interval"}


def test_no_leads_are_the_only_warning_of_leads(bundle: Bundle, history: History) -> None:
    empty = forecast(bundle, cut(history, int(history.created_us.min()) - 1), ForecastOptions("month", 1))
    found = codes(empty, bundle)
    assert "no_leads" in found
    assert not found & {"no_open_leads", "no_outcomes", "no_stages"}


def test_history_without_outcomes_is_named(bundle: Bundle, history: History) -> None:
    undecided = replace(history, outcomes=no_outcomes(len(history)))
    assert "no_outcomes" in codes(forecast(bundle, undecided, ForecastOptions("month", 1)), bundle)


def test_wins_without_an_amount_are_counted(bundle: Bundle, monthly: Forecast) -> None:
    known, spans = monthly.known, monthly.periods
    won = known.is_won_between(spans[0].start_us, spans[-1].end_us)
    amount = np.where(won, np.nan, known.amount)
    result = replace(monthly, known=replace(known, amount=amount))
    warnings = [w for w in forecast_warnings(result, bundle) if w.code == "unknown_amounts"]
    assert len(warnings) == bool(won.any())
    assert all(w.detail.startswith(f"{won.sum()} of {won.sum()} deals") for w in warnings)


@pytest.mark.parametrize(("horizon_days", "is_short"), [(27, True), (90, False)])
def test_horizon_shorter_than_a_period_is_named(
    bundle: Bundle, monthly: Forecast, horizon_days: int, is_short: bool
) -> None:
    shorter = replace(
        bundle,
        vocabulary=replace(bundle.vocabulary, config=replace(bundle.config, horizon_days=horizon_days)),
    )
    assert ("short_horizon" in codes(monthly, shorter)) == is_short


def test_model_of_stages_and_leads_without_is_named(bundle: Bundle, monthly: Forecast) -> None:
    leads = replace(monthly.leads, stage=[None] * len(monthly.leads))
    assert "no_stages" in codes(replace(monthly, leads=leads), bundle)


def test_undated_wins_make_the_timing_unknown(bundle: Bundle, history: History) -> None:
    outcomes = history.outcomes
    undated = replace(history, outcomes=replace(outcomes, implied=outcomes.time_us > 0))
    assert "unknown_timing" not in codes(forecast(bundle, history, ForecastOptions()), bundle)
    assert "unknown_timing" in codes(forecast(bundle, undated, ForecastOptions()), bundle)
