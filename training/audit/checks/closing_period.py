"""A test of equality: does a column name the month, quarter or week of the closing, such as "Q3-2026"?"""

import re
from typing import Final, NamedTuple

import numpy as np

from features.calendar import local_us
from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.text.times import DAY_US
from history.text.written_dates import month_of_name
from training.audit.checks.agreement import Agreement, Pair, agreement_of
from training.audit.columns import Column
from training.audit.leads import LeadStates

MOST_TEXTS: Final = 400  # of a column of periods
MOSTLY: Final = 0.9  # of the texts are periods
NO_PERIOD: Final = int(np.iinfo(np.int64).min)
MONTH, QUARTER, WEEK = "month", "quarter", "week"
# The months by which fiscal quarters begin later than those of the calendar.
SHIFTS: Final = {MONTH: (0,), QUARTER: (0, 1, 2), WEEK: (0,)}

_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_SHAPES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?:FY\s*)?{_YEAR}[\s/_-]*Q(?P<quarter>[1-4])",
        rf"Q(?P<quarter>[1-4])[\s/_-]*(?:FY\s*)?{_YEAR}",
        rf"{_YEAR}[\s/-]*(?:W|KW)(?P<week>\d\d?)",
        rf"{_YEAR}[/-](?P<month>\d\d?)",
        rf"(?P<month>\d\d?)[./-]{_YEAR}",
        rf"(?P<name>[^\W\d_]{{3,}})\.?[\s/-]*{_YEAR}",
    )
)


class Period(NamedTuple):
    """A period by its unit and its number in order of time."""

    unit: str
    number: int


def period_of(text: str) -> Period | None:
    """The month, quarter or week that a text names, None for any other."""
    for shape in _SHAPES:
        match = shape.fullmatch(text.strip())
        if match is None:
            continue
        parts, year = match.groupdict(), int(match["year"])
        if parts.get("quarter"):
            return Period(QUARTER, 4 * year + int(parts["quarter"]) - 1)
        if parts.get("week"):
            return Period(WEEK, 53 * year + int(parts["week"]))
        month = month_of_name(parts["name"]) if parts.get("name") else int(parts["month"])
        return Period(MONTH, 12 * year + month - 1) if month is not None and 1 <= month <= 12 else None
    return None


def closing_period(column: Column, leads: LeadStates, config: FunnelConfig) -> tuple[str, Agreement] | None:
    """The unit of a column of periods, and how far it is that of the closing; None for another column.

    Leads that close in the period of their creation are not compared. Fiscal years may begin in any month.
    """
    texts = column.factor.values
    if not 0 < len(texts) <= MOST_TEXTS:
        return None
    periods = [period_of(text) for text in texts]
    units = [period.unit for period in periods if period is not None]
    if len(units) < MOSTLY * len(texts) or len(set(units)) > 1:
        return None
    numbers = np.array([*(NO_PERIOD if p is None else p.number for p in periods), NO_PERIOD], dtype=np.int64)
    named, unit = numbers[column.factor.codes], units[0]
    closed_us, created_us = local_us(leads.closed_us, config.zone), local_us(leads.created_us, config.zone)
    found = []
    for shift in SHIFTS[unit]:
        closed, created = (_number(us, unit, shift) for us in (closed_us, created_us))
        compared = leads.decided & ~leads.implied & (named != NO_PERIOD) & (closed != created)
        if compared.any():
            # Fiscal years are named by another year than they begin in: by one constant for all leads.
            lag = int(np.median((named - closed)[compared]))
            found.append(agreement_of(leads, compared, Pair(named - lag, closed), np.equal))
    return (unit, max(found, key=lambda agreement: agreement.share)) if found else None


def _number(us: Ints, unit: str, shift: int) -> Ints:
    """The number of the period of each local time (n,)."""
    days = us // DAY_US
    if unit == WEEK:
        return _iso_weeks(days)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 12 * 1970
    return months if unit == MONTH else (months + shift) // 3


def _iso_weeks(days: Ints) -> Ints:
    """The ISO week of each day since 1970 (n,), as 53 times its year and its number."""
    thursday = days + 3 - (days + 3) % 7  # of the same week
    year = thursday.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return np.asarray(53 * year + (thursday - first) // 7 + 1)
