"""Leads created on each of the coming days: a drifting level, a damped trend, a yearly wave and a weekday pattern.

Each part shows only as far as history supports it.
"""

from dataclasses import dataclass

import numpy as np

from funnel.forecast.components.creation_level import Textures, level_ahead
from history.base.arrays import Floats, Ints
from history.odd_creations import odd_creations
from history.text.times import DAY_US

MAX_WEEKS = 156  # older weeks do not inform about the next ones
FALLBACK_DEVIATION = 1.0
PROFILE_WEEKS = 12
PROFILE_PRIOR = 14.0  # strength of the prior that all weekdays are alike, in leads


@dataclass(frozen=True)
class Arrivals:
    """Leads expected on each day after T (days,), and the standard deviation of their common log level (days,).

    textures: of the history's weeks, None if they are too few.
    """

    daily: Floats
    deviation: Floats
    textures: Textures | None = None

    @property
    def cumulative(self) -> Floats:
        """Leads created within 0..days days of T, (days + 1,)."""
        return np.concatenate(([0.0], np.cumsum(self.daily)))


def arrivals(created_us: Ints, as_of_us: int, days: int, textures: Textures | None = None) -> Arrivals:
    """Expected creations on each of `days` days after T, from the creations (n,) known at T, odd ones left out.

    textures: how creations vary, None to learn it from the weeks.
    """
    created_us = created_us[~odd_creations(created_us)]
    weeks = _weekly_counts(created_us, as_of_us)[:MAX_WEEKS]
    if len(weeks) < 2 or weeks.sum() == 0:
        daily_mean = len(created_us) / max(_span_days(created_us, as_of_us), 7.0)
        return Arrivals(np.full(days, daily_mean), np.full(days, FALLBACK_DEVIATION))

    noon = np.arange(0.5, days, dtype=np.float64) / 7  # of each day, in weeks
    ahead = level_ahead(weeks, noon, textures)
    daily = ahead.weekly / 7 * _weekday_profile(created_us, as_of_us, days)
    return Arrivals(daily, ahead.deviation, ahead.textures)


def _span_days(created_us: Ints, as_of_us: int) -> float:
    return (as_of_us - int(created_us.min())) / DAY_US if len(created_us) else 7.0


def _weekly_counts(created_us: Ints, as_of_us: int) -> Floats:
    """Creations of whole weeks back from T, the latest first; the oldest week, possibly cut off, is left out."""
    if not len(created_us):
        return np.zeros(0)
    week = np.maximum(as_of_us - created_us, 0) // (7 * DAY_US)
    oldest = int(week.max())
    return np.bincount(week, minlength=oldest + 1)[:oldest].astype(np.float64)


def _weekday_profile(created_us: Ints, as_of_us: int, days: int) -> Floats:
    """Each day's share of its week, times 7, (days,), from the last weeks; a day is a span of 24 hours from T."""
    back = (as_of_us - created_us) // DAY_US
    recent = back[(back >= 0) & (back < 7 * PROFILE_WEEKS)]
    day_of_week = (6 - recent) % 7  # 0: the weekday of the first day after T
    count = np.bincount(day_of_week, minlength=7) + PROFILE_PRIOR / 7
    return np.resize(7 * count / count.sum(), days)
