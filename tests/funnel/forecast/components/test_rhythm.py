"""The rhythm of wins: ratios of weekdays and parts of the month, and working days counted by hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.forecast.components.rhythm import EVEN, PARTS, PRIOR_WINS, WEEKS, Rhythm, fit_rhythm, working_days
from funnel.known_leads import KnownLeads
from history.history import LOST, WON
from history.text.times import DAY_US, HOUR_US

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
MONDAY_US = int(datetime(2025, 6, 2, tzinfo=UTC).timestamp()) * 1_000_000
WORKWEEK = np.array([1.4, 1.4, 1.4, 1.4, 1.4, 0.0, 0.0])


def closed(at_us: list[int], state: int, as_of_us: int) -> KnownLeads:
    n = len(at_us)
    created = np.full(n, as_of_us - 400 * DAY_US)
    return KnownLeads(
        as_of_us,
        np.arange(n),
        created,
        np.array(at_us, dtype=np.int64),
        np.full(n, state, dtype=np.int8),
        np.full(n, np.nan),
    )


def test_weekday_ratios_use_local_weekdays() -> None:
    """Fridays 20:00 in London are Saturdays in Tokyo."""
    fridays = [MONDAY_US + (4 - 7 * k) * DAY_US + 20 * HOUR_US for k in range(1, 21)]
    shares = fit_rhythm(closed(fridays, WON, MONDAY_US), TOKYO).weekday
    flat = 7 * (PRIOR_WINS / 7) / (20 + PRIOR_WINS)
    assert shares[5] == pytest.approx(7 * (20 + PRIOR_WINS / 7) / (20 + PRIOR_WINS))
    np.testing.assert_allclose(np.delete(shares, 5), flat)


def test_losses_and_old_wins_are_left_out() -> None:
    tuesdays = [MONDAY_US - 6 * DAY_US] * 30
    np.testing.assert_allclose(fit_rhythm(closed(tuesdays, LOST, MONDAY_US), TOKYO).weekday, 1.0)
    old = [MONDAY_US - (7 * WEEKS + 6) * DAY_US] * 30
    np.testing.assert_allclose(fit_rhythm(closed(old, WON, MONDAY_US), TOKYO).weekday, 1.0)


def test_free_weekend_has_no_length() -> None:
    """From Friday 18:00 in New York: six hours of Friday, nothing until Monday, then a fifth of the week a day."""
    friday = int(datetime(2025, 6, 6, 22, tzinfo=UTC).timestamp()) * 1_000_000
    days = np.array([0.25, 1.25, 2.25, 3.25])
    worked = working_days(days, friday, Rhythm(WORKWEEK, EVEN), NEW_YORK)
    np.testing.assert_allclose(worked, [0.35, 0.35, 0.35, 1.75])


def monthly(day_of_month: int, months: int, spread: int) -> list[int]:
    """One win on every day of the `months` months before June 2025, `spread` more on one day of each, noon UTC."""
    first = datetime(
        2025 if months < 6 else 2024, 6 - months if months < 6 else 18 - months, 1, 12, tzinfo=UTC
    )
    days = [first + timedelta(days=d) for d in range((datetime(2025, 6, 1, tzinfo=UTC) - first).days + 1)]
    many = [day for day in days for _ in range(1 + spread * (day.day == day_of_month))]
    return [int(day.timestamp()) * 1_000_000 for day in many]


def test_monthly_booking_day_is_found() -> None:
    """Twelve months with 20 wins more on the 22nd: its part of three days brings 23 wins in place of 5 or so."""
    part = fit_rhythm(closed(monthly(22, 12, 20), WON, MONDAY_US), ZoneInfo("UTC")).part
    assert part[7] == pytest.approx(23 / 5, rel=0.1)
    assert (np.delete(part, 7) < 0.75).all()


def test_short_or_even_history_has_no_monthly_rhythm() -> None:
    np.testing.assert_array_equal(fit_rhythm(closed(monthly(22, 3, 20), WON, MONDAY_US), TOKYO).part, EVEN)
    np.testing.assert_array_equal(fit_rhythm(closed(monthly(22, 12, 0), WON, MONDAY_US), TOKYO).part, EVEN)
    random = np.random.default_rng(5)
    rhythms = [
        fit_rhythm(
            closed((MONDAY_US - random.integers(0, 365 * DAY_US, 500)).tolist(), WON, MONDAY_US), TOKYO
        )
        for _ in range(100)
    ]
    assert np.mean([(r.part == EVEN).all() for r in rhythms]) >= 0.9, (
        "chance alone passes in one case of twenty"
    )


@given(
    st.lists(st.floats(0.01, 5.0), min_size=7, max_size=7),
    st.lists(st.floats(0.01, 5.0), min_size=PARTS, max_size=PARTS),
    st.integers(0, 40 * 24),
    st.integers(0, 60 * 24),
)
def test_working_days_equal_a_count_of_hours(
    weekdays: list[float], parts: list[float], start_hours: int, hours: int
) -> None:
    """Brute force: each hour weighs as much as its local weekday and part of the month, months as their weekdays do."""
    weekday, part = 7 * np.array(weekdays) / sum(weekdays), np.array(parts)
    start = MONDAY_US + start_hours * HOUR_US
    local = datetime(2025, 6, 2, tzinfo=UTC) + timedelta(hours=start_hours + 9)

    def weight(day: datetime) -> float:
        return float(weekday[day.weekday()] * part[min((day.day - 1) // 3, PARTS - 1)])

    def even(month: tuple[int, int]) -> float:
        first = datetime(*month, 1, tzinfo=UTC)
        days = [
            first + timedelta(days=d) for d in range(31) if (first + timedelta(days=d)).month == first.month
        ]
        return float(sum(weekday[d.weekday()] for d in days) / sum(map(weight, days)))

    scale = {(2025, month): even((2025, month)) for month in range(6, 11)}
    each = [local + timedelta(hours=h) for h in range(hours)]
    by_hand = sum(weight(at) * scale[at.year, at.month] for at in each) / 24
    worked = working_days(np.array([0.0, hours / 24]), start, Rhythm(weekday, part), TOKYO)
    np.testing.assert_allclose(worked, [0.0, by_hand], rtol=1e-7, atol=1e-7)


@given(st.lists(st.floats(0.01, 5.0), min_size=7, max_size=7), st.integers(0, 40 * 24))
def test_whole_weeks_are_seven_working_days(given: list[float], hours: int) -> None:
    weekday = 7 * np.array(given) / sum(given)
    worked = working_days(np.array([7.0, 21.0]), MONDAY_US + hours * HOUR_US, Rhythm(weekday, EVEN), TOKYO)
    np.testing.assert_allclose(worked, [7.0, 21.0], rtol=1e-7)
