"""Wins by period: they add up to those within the last one's end, and an amount is expected of every win."""

from dataclasses import replace

import numpy as np
import pytest

from funnel.forecast.components.new_leads import NewLeads, forecast_new_leads
from funnel.forecast.components.open_leads import OpenLeads, win_probabilities
from funnel.forecast.forecast import Forecast
from funnel.forecast.period_wins import period_wins
from funnel.recording import known_leads
from history.base.arrays import Floats
from history.history import History
from models.bundle import Bundle

END: Floats = np.array([10.0, 40.0, 71.0])
WORKING: Floats = np.array([9.0, 41.5, 70.0])


@pytest.fixture(scope="module")
def open_(monthly: Forecast) -> OpenLeads:
    return monthly.leads


@pytest.fixture(scope="module")
def new_leads(history: History, bundle: Bundle) -> NewLeads:
    return forecast_new_leads(known_leads(history, history.as_of_us), bundle.config.horizon_days, 80)


def test_periods_add_up_to_the_wins_within_the_last_end(
    bundle: Bundle, open_: OpenLeads, new_leads: NewLeads
) -> None:
    by_period = period_wins(bundle, open_, new_leads, END, WORKING)
    last = WORKING[-1:]
    open_wins = win_probabilities(open_, bundle.close_time, new_leads.rates, last)[:, 0]
    np.testing.assert_allclose(by_period.open_wins.sum(axis=1), open_wins)
    assert by_period.new_wins.sum() == pytest.approx(new_leads.wins_by(last)[0])
    assert by_period.wins.sum() == pytest.approx(open_wins.sum() + new_leads.wins_by(last)[0])
    assert by_period.start.tolist() == [0.0, 10.0, 40.0]


def test_revenue_is_wins_times_their_amounts(bundle: Bundle, open_: OpenLeads, new_leads: NewLeads) -> None:
    by_period = period_wins(bundle, open_, new_leads, END, WORKING)
    of_leads = sum(amount * wins for amount, wins in zip(open_.amount, by_period.open_wins, strict=True))
    np.testing.assert_allclose(by_period.revenue, of_leads + by_period.new_wins * new_leads.amount)


def test_without_a_known_amount_new_wins_bring_the_mean_of_open_leads(
    bundle: Bundle, open_: OpenLeads, new_leads: NewLeads
) -> None:
    unknown = replace(new_leads, amount=float("nan"))
    assert period_wins(bundle, open_, unknown, END, WORKING).new_amount == pytest.approx(open_.amount.mean())
    nobody = OpenLeads(*(column[:0] for column in vars(open_).values()))
    assert period_wins(bundle, nobody, unknown, END, WORKING).new_amount == 0.0
