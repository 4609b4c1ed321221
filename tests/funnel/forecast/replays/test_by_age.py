"""Forecasts replayed by the ages of leads alone."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from funnel.forecast.components.new_leads import forecast_new_leads
from funnel.forecast.components.rhythm import EVEN, Rhythm
from funnel.forecast.periods import periods
from funnel.forecast.replays.by_age import (
    MOST_DATES,
    Ahead,
    _dates,
    open_wins_by,
    replays_by_age,
)
from funnel.known_leads import KnownLeads, Recording
from history.base.arrays import Floats
from history.history import LOST, OPEN, WON
from history.text.times import DAY_US, format_time
from tests.builders.leads.known_leads import NOW_US

UTC = ZoneInfo("UTC")
STEADY = Rhythm(np.ones(7), EVEN)
MONTHLY = Ahead(periods(NOW_US, "month", 3, UTC), "month", 30, STEADY, UTC)


def steady(days: int = 400, a_day: int = 20, seed: int = 1) -> KnownLeads:
    """Leads that come evenly; a quarter is won and the rest lost, each after exponential times of 20 days."""
    random = np.random.default_rng(seed)
    n = days * a_day
    created_us = NOW_US - (np.sort(random.random(n))[::-1] * days * DAY_US).astype(np.int64)
    end_us = created_us + (random.standard_exponential(n) * 20 * DAY_US).astype(np.int64)
    decided = end_us <= NOW_US
    state = np.where(decided, np.where(random.random(n) < 0.25, WON, LOST), OPEN).astype(np.int8)
    amount = np.where(state == WON, 100.0, np.nan)
    return KnownLeads(NOW_US, np.arange(n), created_us, np.minimum(end_us, NOW_US), state, amount)


def test_replays_of_a_steady_funnel_expect_what_comes() -> None:
    replays = replays_by_age(steady(), MONTHLY, None)
    assert replays.wins.dates >= 10
    error = replays.wins.actual / replays.wins.summed - 1
    assert abs(error.mean()) < 0.05
    assert (np.abs(error) < 6 / np.sqrt(replays.wins.wins)).all(), "counting alone"
    np.testing.assert_allclose(replays.revenue.actual, 100 * replays.wins.actual)
    np.testing.assert_allclose(replays.revenue.summed, 100 * replays.wins.summed)


def test_replays_read_nothing_dated_after_them() -> None:
    """A funnel whose later leads and decisions differ expects the same at each earlier date."""
    known, texture = steady(), None
    half_us = NOW_US - 200 * DAY_US
    other = replace(
        known,
        state=np.where((known.end_us > half_us) & (known.state == WON), LOST, known.state).astype(np.int8),
        amount=np.full(len(known), 100.0),
    ).take((known.created_us <= half_us) | (known.lead % 2 == 0))
    then, later = (leads.as_at(half_us) for leads in (known, other))
    coming = [
        forecast_new_leads(leads, 30, 61, texture).wins_by(np.array([30.0, 60.0])) for leads in (then, later)
    ]
    np.testing.assert_array_equal(coming[0], coming[1])
    assert (then.state[then.end_us == half_us] == OPEN).all()
    assert (then.end_us <= half_us).all()


def test_dates_need_a_history_and_periods_that_are_over() -> None:
    """T is the 28th of May; 75 days of leads reach back to the middle of March, and 40 of them lead to late April."""
    short = replays_by_age(steady(days=75), MONTHLY, None)
    assert short.wins.dates == 1
    assert short.wins.span.tolist() == [0], "the last two days of April are over, and May is not"
    assert replays_by_age(steady(days=60), MONTHLY, None).wins.dates == 0
    assert replays_by_age(steady(days=700), MONTHLY, None).wins.dates == MOST_DATES
    weeks = replace(MONTHLY, periods=periods(NOW_US, "week", 2, UTC), kind="week")
    assert replays_by_age(steady(days=70), weeks, None).wins.span.max() == 1


def test_dates_lie_as_far_into_their_months_as_t() -> None:
    """The latest is the 28th of April; from the 31st of a month the 28th of February has nothing left."""
    dates = _dates(steady(), MONTHLY)
    assert [format_time(date.at_us)[:10] for date in dates[:3]] == ["2026-04-28", "2026-03-28", "2026-02-28"]
    assert all(len(date.end) == 3 for date in dates)
    np.testing.assert_allclose(np.diff(dates[0].end), [31, 30], err_msg="May and June")
    end_us = NOW_US + 3 * DAY_US
    last = replace(MONTHLY, periods=periods(end_us, "month", 1, UTC))
    ends = [date.end[0] for date in _dates(replace(steady(), as_of_us=end_us), last)]
    assert ends[2] == 0.0


def test_leads_of_an_import_are_left_out() -> None:
    known = steady()
    imported = known.created_us.copy()
    imported[2000:5000] = NOW_US - 100 * DAY_US
    with_import = replace(known, created_us=imported, end_us=np.maximum(known.end_us, imported))
    without = with_import.take(imported // DAY_US != imported[2000] // DAY_US)
    of_all, of_rest = (replays_by_age(leads, MONTHLY, None).wins for leads in (with_import, without))
    np.testing.assert_array_equal(of_all.actual, of_rest.actual)
    np.testing.assert_allclose(of_all.summed, of_rest.summed)


@pytest.mark.parametrize("days", [[7.0, 30.5], [0.4, 90.0]])
def test_open_wins_agree_with_a_sum_lead_by_lead(days: list[float]) -> None:
    known = steady(days=120, a_day=3)
    new_leads = forecast_new_leads(known, 30, 100)
    oldest = 400
    won, still_open = new_leads.rates.incidence(oldest).won, new_leads.rates.open_share(oldest)

    def by(lead: int, day: float) -> float:
        age = int((NOW_US - known.created_us[lead]) / DAY_US)
        later = float(np.interp(age + day, np.arange(oldest + 1), won))
        return (later - float(won[age])) / float(still_open[age])

    open_ = np.flatnonzero(known.state == OPEN).tolist()
    expected: Floats = np.array([sum(by(lead, day) for lead in open_) for day in days])
    np.testing.assert_allclose(open_wins_by(known, new_leads, np.array(days)), expected)


def test_no_date_is_replayed_before_wins_were_recorded_for_a_while() -> None:
    recorded_us = NOW_US - 200 * DAY_US
    known = replace(steady(), recording=Recording(recorded_us, 0, 0.0))
    dates = [date.at_us for date in _dates(known, MONTHLY)]
    assert 4 <= len(dates) <= 6
    assert min(dates) >= recorded_us + 40 * DAY_US
