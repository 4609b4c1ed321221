"""Wins follow the working week: how many fall on each weekday, and how much of its time lies before an instant."""

from zoneinfo import ZoneInfo

import numpy as np

from features.event_log import DAY_US, WON, Floats
from features.season import local_us, weekday_and_week
from funnel.forecast_lives import Lives

WEEKS = 26
PRIOR_WINS = 14.0  # that say all weekdays are alike
MONDAY = 3  # days from Monday to 1970-01-01


def weekday_shares(seen: Lives, zone: ZoneInfo) -> Floats:
    """A weekday's wins over the mean of the seven, (7,), Monday first: of the last WEEKS weeks, shrunk to 1."""
    since = seen.as_of_us - WEEKS * 7 * DAY_US
    won = seen.end_us[(seen.state == WON) & (seen.end_us > since)]
    weekday = weekday_and_week(won.astype(np.float64), zone)[0].astype(np.int64)
    count = np.bincount(weekday, minlength=7) + PRIOR_WINS / 7
    return np.asarray(7 * count / count.sum(), dtype=np.float64)


def working_days(days: Floats, as_of_us: int, shares: Floats, zone: ZoneInfo) -> Floats:
    """Days after T (k,) as wins count them: each weekday is as long as its share, whole weeks are seven.

    A change of the clocks after T is left out.
    """
    start = local_us(np.array([as_of_us]), zone) / DAY_US + MONDAY
    return np.asarray(_worked(start + days, shares) - _worked(start, shares), dtype=np.float64)


def _worked(local_days: Floats, shares: Floats) -> Floats:
    """The shares of all time up to local days since a Monday."""
    week, day = np.divmod(local_days, 7.0)
    within = np.interp(day, np.arange(8), np.concatenate(([0.0], np.cumsum(shares))))
    return np.asarray(7 * week + within, dtype=np.float64)
