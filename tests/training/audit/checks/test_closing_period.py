"""Periods by their names: months, quarters and weeks in the spellings of CRMs and spreadsheets."""

from datetime import date

import numpy as np
import pytest

from training.audit.checks.closing_period import MONTH, QUARTER, WEEK, Period, _iso_weeks, period_of


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("Q3-2026", Period(QUARTER, 4 * 2026 + 2)),
        ("2026 Q1", Period(QUARTER, 4 * 2026)),
        ("FY2026-Q4", Period(QUARTER, 4 * 2026 + 3)),
        ("2026-10", Period(MONTH, 12 * 2026 + 9)),
        ("10/2026", Period(MONTH, 12 * 2026 + 9)),
        ("October 2026", Period(MONTH, 12 * 2026 + 9)),
        ("Okt. 2026", Period(MONTH, 12 * 2026 + 9)),
        ("2026-W41", Period(WEEK, 53 * 2026 + 41)),
        ("2026-13", None),
        ("Q5-2026", None),
        ("Model 2026", None),
        ("2026-10-01", None),
        ("north", None),
    ],
)
def test_period_of_a_text(text: str, period: Period | None) -> None:
    assert period_of(text) == period


def test_weeks_are_those_of_the_calendar() -> None:
    days = np.arange(0, 40_000, 3)
    weeks = [date.fromordinal(719_163 + day).isocalendar() for day in days.tolist()]
    assert _iso_weeks(days).tolist() == [53 * week.year + week.week for week in weeks]
