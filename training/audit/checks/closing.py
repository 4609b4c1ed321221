"""Tests of closing times: was a column written when the lead closed?"""

import numpy as np
from scipy.stats import poisson

from history.base.arrays import Ints, Mask
from history.text.times import DAY_US
from training.audit.checks.survival import Spells, Survival, Windows, survival, windows_of
from training.audit.columns import NO_MOMENT, Column
from training.audit.evidence import ANY_VALUE, MIN_EACH, STRONG, Evidence, quoted, wilson_bounds
from training.audit.leads import LeadStates

# Chance that a table without leaks has any finding of `written_at_closing`, over all its values.
FALSE_ALARM = 1e-3
FALSE_ALARM_DATES = 1e-4  # of `never_ahead`, per column
MAX_STILL_OPEN = 0.1  # of the expected leads
MAX_ONE_DAY = 0.6  # share of ends on one day: more is a bulk closing by a person
MIN_LATER_DATES, MIN_LATER_SHARE = 50, 0.2  # dates after creation, for a column of events
MAX_AHEAD = 0.05  # of the expected dates
MIN_OPEN_PER_AHEAD = 0.25  # open leads with a date, for each expected ahead
NEAR_CLOSING_SHARE = 0.8  # of dates, at least, lie at the closing
MAX_OPEN_SHARE = 0.1  # of open leads, relative to closed ones, have the date


def written_at_closing(column: Column, windows: Windows, tests: int) -> Evidence | None:
    """Values that hardly any open lead has, although leads that closed lately had them.

    tests: values tested over all columns; the significance is divided by it (Bonferroni).
    """
    by_value = survival(windows, column.group, len(column.names))
    filled = survival(windows, column.filled.astype(np.int64), 2)
    if _vanished(filled, 1, tests):
        return _written_evidence(filled, [1], ANY_VALUE, windows.days)
    vanished = [group for group in range(1, len(column.names)) if _vanished(by_value, group, tests)]
    if vanished:
        names = quoted([column.names[group] for group in vanished])
        return _written_evidence(by_value, vanished, names, windows.days)
    return None


def _vanished(survival: Survival, group: int, tests: int) -> bool:
    """True if far fewer leads of the group are still open than at its earlier pace."""
    expected, still_open = float(survival.expected[group]), survival.still_open[group]
    if survival.past[group] < MIN_EACH or survival.one_day[group] > MAX_ONE_DAY:
        return False
    if still_open > MAX_STILL_OPEN * expected:
        return False
    return bool(poisson.cdf(still_open, expected) < FALSE_ALARM / max(tests, 1))


def _written_evidence(survival: Survival, groups: list[int], values: str, days: float) -> Evidence:
    at_risk = float(survival.at_risk[groups].sum())
    still_open = float(survival.still_open[groups].sum())
    expected = float(survival.expected[groups].sum())
    return Evidence(
        STRONG,
        f"of {at_risk:.0f} leads with {values} that were open {days:.0f} days before T, {still_open:.0f} are still "
        f"open; at their earlier pace {expected:.0f} would be, so the value is written when a lead closes",
        {"at_risk": at_risk, "still_open": still_open, "expected_still_open": expected},
    )


def date_of_closing(column: Column, leads: LeadStates) -> Evidence | None:
    """A date at the closing of nearly every closed lead that has it, and missing on open leads.

    A planned date that wins keep to is honest: open leads have it too.
    """
    moment_us = column.moment_us
    if moment_us is None or not leads.has_closing_times:
        return None
    is_open, closed = ~leads.decided, leads.decided & ~leads.implied
    dated = closed & (moment_us != NO_MOMENT)
    n, n_open = np.count_nonzero(dated), np.count_nonzero(is_open)
    if n < MIN_EACH or n_open < MIN_EACH:
        return None

    near = _near_closing(moment_us, leads, dated)
    rate_closed = n / np.count_nonzero(closed)
    rate_open = np.count_nonzero(is_open & (moment_us != NO_MOMENT)) / n_open
    is_closing_date = wilson_bounds(near, n).low >= NEAR_CLOSING_SHARE
    few_open = rate_open <= MAX_OPEN_SHARE * rate_closed and rate_closed * n_open >= 10
    if not (is_closing_date and few_open):
        return None
    return Evidence(
        STRONG,
        f"on {near} of the {n} closed leads that have it, the date is within a week of the closing; "
        f"{rate_open:.0%} of open leads have it",
        {"dates_agree": near / n, "dated_leads": float(n), "dated_open": float(rate_open)},
    )


def _near_closing(moment_us: Ints, leads: LeadStates, dated: Mask) -> int:
    """Dated leads whose date is at most a quarter of the median cycle (1 to 7 days) from the closing."""
    cycle_us = np.median((leads.closed_us - leads.created_us)[dated])
    tolerance_us = np.clip(cycle_us / 4, DAY_US, 7 * DAY_US)
    distance_us = np.abs(moment_us - leads.closed_us)[dated]
    return int(np.count_nonzero(distance_us <= tolerance_us))


def never_ahead(column: Column, leads: LeadStates) -> Evidence | None:
    """Dates after creation that never lie after T, although planned dates would: they record later events."""
    moment_us = column.moment_us
    if moment_us is None:
        return None
    dated = moment_us != NO_MOMENT
    later = dated & (moment_us > leads.created_us + DAY_US)
    if np.count_nonzero(later) < max(MIN_LATER_DATES, MIN_LATER_SHARE * np.count_nonzero(dated)):
        return None
    windows = windows_of(Spells(leads.created_us, moment_us, later), leads.as_of_us, later)
    if windows is None:
        return None
    one_group = survival(windows, np.zeros(len(later), dtype=np.int64), 1, adjust_pace=False)
    expected, ahead = float(one_group.expected[0]), float(one_group.still_open[0])
    if one_group.past[0] < MIN_EACH or ahead > MAX_AHEAD * expected:
        return None
    # Leads whose planned day lies ahead are open: an export of decided leads has none, whatever the dates mean.
    if np.count_nonzero(dated & ~leads.decided) < max(MIN_EACH, MIN_OPEN_PER_AHEAD * expected):
        return None
    if poisson.cdf(ahead, expected) > FALSE_ALARM_DATES:
        return None
    return Evidence(
        STRONG,
        f"its dates lie after the lead's creation, but only {ahead:.0f} lie after T; of planned dates about "
        f"{expected:.0f} would, so it records later events",
        {"dates_ahead": ahead, "expected_ahead": expected},
    )
