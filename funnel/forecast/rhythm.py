"""Wins follow the week and the month: how many fall on each weekday and part of the month, and how much of this rhythm
lies before an instant.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from scipy.stats import chi2

from features.calendar import local_us
from funnel.forecast.hazards import Lives
from history.arrays import Floats, Ints
from history.history import DAY_US, WON

WEEKS = 26
PRIOR_WINS = 14.0  # that say all weekdays are alike
MONTHS, FEWEST_MONTHS = 12, 3  # whole months before T that show the month's rhythm
PARTS, PART_DAYS = 10, 3  # of a month: its 1st to 3rd, 4th to 6th and so on, the 28th to its last
MONDAY = 3  # days from Monday to 1970-01-01
CHANCE = float(chi2.ppf(0.95, PARTS - 1))  # what parts that are all alike stay below, in units of their noise
EVEN = np.ones(PARTS)


@dataclass(frozen=True)
class Rhythm:
    """How long days are as wins count them: by weekday (7,), Monday first, times by part of the month (10,)."""

    weekday: Floats
    part: Floats

    def lengths(self, day: Ints) -> Floats:
        """The length of local days (n,) since 1970; the days of a month together are as long as their weekdays."""
        first, last = int(_month(day.min())), int(_month(day.max())) + 1
        whole = np.arange(_first_day(first), _first_day(last))
        month = _month(whole) - first
        usual = self.weekday[_weekday(whole)]
        own = usual * self.part[_part(whole)]
        even = np.bincount(month, usual) / np.bincount(month, own)
        return np.asarray((own * even[month])[day - whole[0]])


def rhythm_of(seen: Lives, zone: ZoneInfo) -> Rhythm:
    """What the wins known at T show of it."""
    won = seen.end_us[seen.state == WON]
    day = (local_us(won, zone) // DAY_US).astype(np.int64)
    today = int(local_us(np.array([seen.as_of_us]), zone)[0] // DAY_US)
    weekday = _weekday_shares(day[won > seen.as_of_us - WEEKS * 7 * DAY_US])
    return Rhythm(weekday, _part_shares(day, today, weekday))


def worked_days(days: Floats, as_of_us: int, rhythm: Rhythm, zone: ZoneInfo) -> Floats:
    """Days after T (k,) as wins count them. A change of the clocks after T is left out."""
    start = float(local_us(np.array([as_of_us]), zone)[0]) / DAY_US
    grid = np.arange(int(start), int(np.ceil(start + float(np.max(days, initial=0.0)))) + 1)
    passed = np.concatenate(([0.0], np.cumsum(rhythm.lengths(grid))))
    ends = np.append(grid, grid[-1] + 1).astype(np.float64)
    return np.asarray(np.interp(start + days, ends, passed) - np.interp(start, ends, passed))


def _weekday_shares(day: Ints) -> Floats:
    """A weekday's wins over the mean of the seven, shrunk to 1."""
    count = np.bincount(_weekday(day), minlength=7) + PRIOR_WINS / 7
    return np.asarray(7 * count / count.sum(), dtype=np.float64)


def _part_shares(day: Ints, today: int, weekday: Floats) -> Floats:
    """Wins of a part of the month over what its weekdays let expect, shrunk to 1 (Buehlmann and Straub 1970).

    The rhythm is what comes back from month to month: the variance between parts beyond what one part varies by
    between months, each month at its own level. Only whole months before T count.
    """
    now = int(_month(np.int64(today)))
    first = max(now - MONTHS, int(_month(day).min(initial=now)) + 1)
    if now - first < FEWEST_MONTHS:
        return EVEN
    whole = np.arange(_first_day(first), _first_day(now))

    def by_part(days: Ints, weights: Floats | None = None) -> Floats:
        key = (_month(days) - first) * PARTS + _part(days)
        count = np.bincount(key, weights, minlength=(now - first) * PARTS)
        return count.astype(np.float64).reshape(-1, PARTS)

    came = by_part(day[(day >= whole[0]) & (day <= whole[-1])])
    expected = by_part(whole, weekday[_weekday(whole)])
    expected *= (came.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12))[:, None]
    return _shrunk(came, expected)


def _shrunk(came: Floats, expected: Floats) -> Floats:
    """Ratios by part (10,) of counts (months, parts); all 1 where chance could explain them."""
    due = expected.sum(axis=0)
    if due.min() <= 0:
        return EVEN
    ratio = came.sum(axis=0) / due
    fitted = np.maximum(expected * ratio, 1e-9)
    uneven = float(np.sum((came - fitted) ** 2 / np.maximum(fitted, 0.5)))
    noise = max(uneven / ((len(came) - 1) * (PARTS - 1)), 1.0)
    between = float(np.sum(due * (ratio - 1) ** 2))
    if between < CHANCE * noise:
        return EVEN
    variance = (between - (PARTS - 1) * noise) / (due.sum() - float(np.sum(due**2)) / due.sum())
    return np.asarray(1 + variance / (variance + noise / due) * (ratio - 1))


def _weekday(day: Ints) -> Ints:
    """Monday 0."""
    return (day + MONDAY) % 7


def _month(day: Ints | np.int64) -> Ints:
    """Months since 1970-01 of days since 1970-01-01."""
    return np.asarray(day.astype("M8[D]").astype("M8[M]").astype(np.int64))


def _first_day(month: int) -> int:
    return int(np.datetime64(month, "M").astype("M8[D]").astype(np.int64))


def _part(day: Ints) -> Ints:
    """The part of its month that each day lies in, 0 to PARTS - 1."""
    first = day.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)
    return np.asarray(np.minimum((day - first) // PART_DAYS, PARTS - 1))
