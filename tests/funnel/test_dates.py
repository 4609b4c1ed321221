"""Calendar days of a time zone."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from funnel.dates import day_name, local_date, month_name, period_name, shift_months
from history.text.times import parse_time


def test_local_date_is_that_of_the_time_zone() -> None:
    instant = parse_time("2026-03-31T22:30:00Z", ZoneInfo("UTC"))
    assert local_date(instant, ZoneInfo("UTC")) == date(2026, 3, 31)
    assert local_date(instant, ZoneInfo("Europe/Berlin")) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("count", "expected"), [(0, date(2026, 1, 1)), (-1, date(2025, 12, 1)), (12, date(2027, 1, 1))]
)
def test_months_shift_across_years(count: int, expected: date) -> None:
    assert shift_months(date(2026, 1, 17), count) == expected


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2026-02-01", "2026-03-01", "Feb 2026"),
        ("2026-12-01", "2027-01-01", "Dec 2026"),
        ("2026-10-01", "2027-01-01", "Q4 2026"),
        ("2026-01-01", "2026-04-01", "Q1 2026"),
        ("2026-11-23", "2026-11-30", "23 Nov 2026"),
    ],
)
def test_period_has_its_usual_name(start: str, end: str, name: str) -> None:
    assert period_name(start, end) == name


def test_dates_are_as_people_write_them() -> None:
    assert day_name("2026-11-08T23:00:00Z") == "8 Nov 2026"
    assert month_name("2026-11") == month_name("2026-11-30") == "Nov 2026"
