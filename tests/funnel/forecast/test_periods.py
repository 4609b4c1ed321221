"""Calendar periods: adjacent, whole in the funnel's time zone, within bounds."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funnel.dates import local_date
from funnel.forecast.periods import KINDS, periods, periods_before
from history.base.errors import InvalidInput
from history.text.times import DAY_US, parse_time

NOW_US = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z


ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia")


@given(at=st.integers(700_000_000, 3_000_000_000), kind=st.sampled_from(KINDS), zone=st.sampled_from(ZONES))
@settings(max_examples=60, deadline=None)
def test_periods_are_adjacent_and_the_first_contains_t(at: int, kind: str, zone: str) -> None:
    found = periods(at * 1_000_000, kind, 3, ZoneInfo(zone))
    assert found[0].start_us <= at * 1_000_000 < found[0].end_us
    assert all(a.end_us == b.start_us and a.end == b.start for a, b in pairwise(found))
    assert periods_before(found[1], kind, 1, ZoneInfo(zone)) == found[:1]


def test_periods_start_at_midnight_in_the_funnels_time_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    last_minute = parse_time("2026-03-31T23:30:00+02:00", zone)
    assert local_date(last_minute, zone) == date(2026, 3, 31)
    month = periods(last_minute, "month", 1, zone)[0]
    assert (month.start, month.end) == (date(2026, 3, 1), date(2026, 4, 1))
    assert month.end_us - month.start_us == 31 * DAY_US - 3_600_000_000  # the clock goes forward in March
    assert periods(last_minute, "quarter", 2, zone)[1].end == date(2026, 7, 1)
    assert periods(last_minute, "week", None, zone)[0].start == date(2026, 3, 30)


@pytest.mark.parametrize(("kind", "count"), [("day", 3), ("month", 0), ("week", 105)])
def test_unknown_periods_and_counts_out_of_bounds_are_refused(kind: str, count: int) -> None:
    with pytest.raises(InvalidInput):
        periods(NOW_US, kind, count, ZoneInfo("UTC"))
