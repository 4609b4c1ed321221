"""Calendar days of a time zone."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from funnel.dates import local_date, shift_months
from history.times import parse_time


def test_local_date_is_that_of_the_time_zone() -> None:
    instant = parse_time("2026-03-31T22:30:00Z", ZoneInfo("UTC"))
    assert local_date(instant, ZoneInfo("UTC")) == date(2026, 3, 31)
    assert local_date(instant, ZoneInfo("Europe/Berlin")) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, date(2026, 1, 1)), (-1, date(2025, 12, 1)), (12, date(2027, 1, 1))]
)
def test_months_shift_across_years(count: int, expected: date) -> None:
    assert shift_months(date(2026, 1, 17), count) == expected
