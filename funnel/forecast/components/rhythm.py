"""Rhythm of wins in the week and the month: relative length of each local day, and working time after T."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.calendar import local_us
from funnel.known_leads import KnownLeads
from history.base.arrays import Floats, Ints
from history.text.times import DAY_US

WEEKS = 26
PRIOR_WINS = 14.0  # strength of the prior that all weekdays are alike, in wins
MONTHS, FEWEST_MONTHS = 12, 3  # whole months before T that show the rhythm of the month
PARTS, PART_DAYS = 10, 3  # parts of a month: days 1 to 3, 4 to 6 and so on, the last from the 28th on
EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; Monday is 0
# Variation between parts, in units of noise, from which it counts: the 95 % quantile of chi-squared of PARTS - 1
# degrees of freedom. scipy.stats, which computes it, takes half a second to import.
SIGNIFICANT: Final = 16.918977604620448
EVEN = np.ones(PARTS)


@dataclass(frozen=True)
class Rhythm:
    """Relative length of days: by weekday (7,), Monday first, times by part of the month (10,)."""

    weekday: Floats
    part: Floats

    def lengths(self, day: Ints) -> Floats:
        """Relative lengths (n,) of local days since 1970; parts of the month keep the month's total of weekdays."""
        first_month = int(_month(day.min()))
        end_month = int(_month(day.max())) + 1
        # Whole months, since the scale of a month needs all of its days.
        whole = np.arange(_first_day(first_month), _first_day(end_month))
        month = _month(whole) - first_month
        by_weekday = self.weekday[_weekday(whole)]
        by_part = by_weekday * self.part[_part(whole)]
        scale = np.bincount(month, by_weekday) / np.bincount(month, by_part)
        length = by_part * scale[month]
        return np.asarray(length[day - whole[0]])


def fit_rhythm(known: KnownLeads, zone: ZoneInfo) -> Rhythm:
    """The rhythm of the wins known at T."""
    closed_us = known.end_us[known.won]
    day = (local_us(closed_us, zone) // DAY_US).astype(np.int64)
    today = int(local_us(np.array([known.as_of_us]), zone)[0] // DAY_US)
    is_recent = closed_us > known.as_of_us - WEEKS * 7 * DAY_US
    weekday = _weekday_ratios(day[is_recent])
    return Rhythm(weekday, _part_ratios(day, today, weekday))


def working_days(days: Floats, as_of_us: int, rhythm: Rhythm, zone: ZoneInfo) -> Floats:
    """Calendar days after T (k,) in units of average days of wins. Clock changes after T are neglected."""
    start = float(local_us(np.array([as_of_us]), zone)[0]) / DAY_US
    last = start + float(np.max(days, initial=0.0))
    grid = np.arange(int(start), int(np.ceil(last)) + 1)
    passed = np.concatenate(([0.0], np.cumsum(rhythm.lengths(grid))))
    edges = np.append(grid, grid[-1] + 1).astype(np.float64)
    # Days pass evenly within a local day.
    passed_by_end = np.interp(start + days, edges, passed)
    return np.asarray(passed_by_end - np.interp(start, edges, passed))


def _weekday_ratios(day: Ints) -> Floats:
    """Wins of each weekday (7,) over the mean of the seven, shrunk to 1."""
    count = np.bincount(_weekday(day), minlength=7) + PRIOR_WINS / 7
    return np.asarray(7 * count / count.sum(), dtype=np.float64)


def _part_ratios(day: Ints, today: int, weekday: Floats) -> Floats:
    """Wins of each part of the month (10,) over the expectation from its weekdays, shrunk to 1.

    Credibility (Buehlmann and Straub 1970): a rhythm is the variation between parts beyond the variation of one part
    from month to month, each month at its own level. Only whole months before T count.
    """
    current = int(_month(np.int64(today)))
    # The month of the first win may have begun before the history did.
    first_whole = int(_month(day).min(initial=current)) + 1
    first = max(current - MONTHS, first_whole)
    months = current - first
    if months < FEWEST_MONTHS:
        return EVEN
    whole = np.arange(_first_day(first), _first_day(current))
    inside = day[(day >= whole[0]) & (day <= whole[-1])]
    wins = _by_month_and_part(inside, None, first, months)
    expected = _by_month_and_part(whole, weekday[_weekday(whole)], first, months)
    month_level = wins.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12)
    expected *= month_level[:, None]
    return _credible_ratios(wins, expected)


def _by_month_and_part(day: Ints, weights: Floats | None, first: int, months: int) -> Floats:
    """Sums of weights (None: counts) of days, (months, 10), from month `first` on."""
    key = (_month(day) - first) * PARTS + _part(day)
    count = np.bincount(key, weights, minlength=months * PARTS)
    return count.astype(np.float64).reshape(-1, PARTS)


def _credible_ratios(wins: Floats, expected: Floats) -> Floats:
    """Ratios by part (10,) of counts (months, parts); all 1 if chance may explain them."""
    due = expected.sum(axis=0)
    if due.min() <= 0:
        return EVEN
    ratio = wins.sum(axis=0) / due
    fitted = np.maximum(expected * ratio, 1e-9)
    within = float(np.sum((wins - fitted) ** 2 / np.maximum(fitted, 0.5)))
    degrees_of_freedom = (len(wins) - 1) * (PARTS - 1)
    # Counts vary at least as a Poisson count does.
    noise = max(within / degrees_of_freedom, 1.0)
    between = float(np.sum(due * (ratio - 1) ** 2))
    if between < SIGNIFICANT * noise:
        return EVEN
    total = due.sum()
    variance = (between - (PARTS - 1) * noise) / (total - float(np.sum(due**2)) / total)
    credibility = variance / (variance + noise / due)
    return np.asarray(1 + credibility * (ratio - 1))


def _weekday(day: Ints) -> Ints:
    """Weekday of days since 1970-01-01, Monday 0."""
    return (day + EPOCH_WEEKDAY) % 7


def _month(day: Ints | np.int64) -> Ints:
    """Months since 1970-01 of days since 1970-01-01."""
    return np.asarray(day.astype("M8[D]").astype("M8[M]").astype(np.int64))


def _first_day(month: int) -> int:
    return int(np.datetime64(month, "M").astype("M8[D]").astype(np.int64))


def _part(day: Ints) -> Ints:
    """Part of its month of each day, 0 to PARTS - 1."""
    month = day.astype("M8[D]").astype("M8[M]")
    first = month.astype("M8[D]").astype(np.int64)
    part = (day - first) // PART_DAYS
    return np.asarray(np.minimum(part, PARTS - 1))
