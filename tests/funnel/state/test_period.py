"""Periods: half open, with the calendar months of the zone that they touch."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.state.leads.paths import stage_paths
from funnel.state.leads.touches import touches_of
from funnel.state.period import Period, calendar_period, view_of
from history.text.times import DAY_US, parse_time
from tests.builders.leads.twenty_leads import twenty

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


def period(start: str, end: str, zone: ZoneInfo = UTC) -> Period:
    return calendar_period(parse_time(start, zone), parse_time(end, zone), zone)


def test_months_are_those_the_period_touches() -> None:
    months = period("2025-11-15", "2026-02-01").months
    assert months == (date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1))
    assert period("2026-01-31", "2026-02-01T00:00:01").months == (date(2026, 1, 1), date(2026, 2, 1))


def test_months_begin_at_midnight_of_the_zone() -> None:
    spring = period("2026-03-01", "2026-05-01", BERLIN)
    days = np.diff(spring.edges_us) / DAY_US
    assert days.tolist() == [pytest.approx(31 - 1 / 24), 30.0]
    assert spring.whole_months == [True, True]


def test_month_cut_by_the_period_is_not_whole() -> None:
    assert period("2025-12-02", "2026-02-01").whole_months == [False, True]
    assert period("2025-12-01", "2026-01-31").whole_months == [True, False]


@given(st.integers(-40, 120))
def test_month_of_an_instant_is_that_of_the_calendar(day: int) -> None:
    quarter = period("2026-01-10", "2026-04-01")
    us = parse_time("2026-01-01", UTC) + day * DAY_US
    moment = np.datetime64(us, "us").astype("M8[M]").astype(object)
    expected = quarter.months.index(moment) if quarter.from_us <= us < quarter.to_us else -1
    assert quarter.month_of(np.array([us])).tolist() == [expected]


def test_view_of_some_leads_has_their_rows_alone() -> None:
    history = twenty()
    paths, span = stage_paths(history), Period(0, history.as_of_us + 1)
    touches = touches_of(paths, span.from_us, span.to_us)
    members = np.arange(len(paths)) % 2 == 0
    whole, some, others = (view_of(paths, span, touches, part) for part in (None, members, ~members))
    assert sorted([*some.lead, *others.lead]) == whole.lead.tolist()
    assert len(some.visits.place) + len(others.visits.place) == len(whole.visits.place)
    assert members[some.visits.lead].all()
    np.testing.assert_array_equal(some.touches.touch_count + others.touches.touch_count, touches.touch_count)
