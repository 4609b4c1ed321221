"""The working week: shares from wins, days after T as wins count them, against hours counted one by one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.event_log import DAY_US, HOUR_US, LOST, WON
from funnel.forecast_lives import Lives
from funnel.forecast_weekdays import PRIOR_WINS, WEEKS, weekday_shares, working_days

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
MONDAY_US = int(datetime(2025, 6, 2, tzinfo=UTC).timestamp()) * 1_000_000
WORKWEEK = np.array([1.4, 1.4, 1.4, 1.4, 1.4, 0.0, 0.0])


def closed(at_us: list[int], state: int, as_of_us: int) -> Lives:
    n = len(at_us)
    created = np.full(n, as_of_us - 400 * DAY_US)
    return Lives(
        as_of_us,
        np.arange(n),
        created,
        np.array(at_us, dtype=np.int64),
        np.full(n, state, dtype=np.int8),
        np.full(n, np.nan),
    )


def test_shares_are_those_of_local_weekdays() -> None:
    """Fridays 20:00 in London are Saturdays in Tokyo."""
    fridays = [MONDAY_US + (4 - 7 * k) * DAY_US + 20 * HOUR_US for k in range(1, 21)]
    shares = weekday_shares(closed(fridays, WON, MONDAY_US), TOKYO)
    flat = 7 * (PRIOR_WINS / 7) / (20 + PRIOR_WINS)
    assert shares[5] == pytest.approx(7 * (20 + PRIOR_WINS / 7) / (20 + PRIOR_WINS))
    np.testing.assert_allclose(np.delete(shares, 5), flat)


def test_losses_and_old_wins_say_nothing() -> None:
    tuesdays = [MONDAY_US - 6 * DAY_US] * 30
    np.testing.assert_allclose(weekday_shares(closed(tuesdays, LOST, MONDAY_US), TOKYO), 1.0)
    old = [MONDAY_US - (7 * WEEKS + 6) * DAY_US] * 30
    np.testing.assert_allclose(weekday_shares(closed(old, WON, MONDAY_US), TOKYO), 1.0)


def test_nothing_is_won_on_a_weekend_nobody_works_on() -> None:
    """From Friday 18:00 in New York: six hours of Friday, nothing until Monday, then a fifth of the week a day."""
    friday = int(datetime(2025, 6, 6, 22, tzinfo=UTC).timestamp()) * 1_000_000
    days = np.array([0.25, 1.25, 2.25, 3.25])
    worked = working_days(days, friday, WORKWEEK, NEW_YORK)
    np.testing.assert_allclose(worked, [0.35, 0.35, 0.35, 1.75])


@given(
    st.lists(st.floats(0.01, 5.0), min_size=7, max_size=7),
    st.integers(0, 40 * 24),
    st.integers(0, 60 * 24),
)
def test_days_are_counted_hour_by_hour(given: list[float], start_hours: int, hours: int) -> None:
    """Brute force: each hour weighs as much as its local weekday; whole weeks are seven days."""
    shares = 7 * np.array(given) / sum(given)
    start = MONDAY_US + start_hours * HOUR_US
    local = datetime(2025, 6, 2, tzinfo=UTC) + timedelta(hours=start_hours + 9)
    by_hand = sum(shares[(local + timedelta(hours=h)).weekday()] for h in range(hours)) / 24
    worked = working_days(np.array([hours / 24, 7.0, 21.0]), start, shares, TOKYO)
    np.testing.assert_allclose(worked, [by_hand, 7.0, 21.0], rtol=1e-7, atol=1e-7)
