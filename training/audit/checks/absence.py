"""Tests of open against closed leads of the same age: values that one side has and the other lacks."""

from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from training.audit.columns import Column
from training.audit.evidence import ANY_VALUE, STRONG, WEAK, Evidence, quoted
from training.audit.leads import LeadStates

COHORTS = 5  # of creation time
MIN_SIDE = 30  # open leads, and closed ones
MIN_EXPECTED = 20  # open leads with the value
MAX_PRESENT = 0.02  # of the expected ones
MIN_EXPECTED_ONE_SIDED = (
    12  # won, and open, leads with a value of lost ones: none by chance in one of 160,000
)
MIN_COHORTS, MIN_EXPECTED_OF_COHORT = 3, 10  # closed leads with a value that open leads have


class Sides(NamedTuple):
    """Masks (n,) of the open and of the closed leads to compare, and each lead's cohort of creation (n,)."""

    still_open: Mask
    closed: Mask
    cohort: Ints


def only_closed(column: Column, leads: LeadStates) -> Evidence | None:
    """A value that closed leads have, and open leads created at the same time do not.

    With closing times, only whether the column is filled is tested: single values are tested more sharply by
    `written_at_closing`.
    """
    sides = _sides(leads)
    if sides is None:
        return None
    evidence = _absent(column.filled.astype(np.int64), ["none", ANY_VALUE], leads, sides)
    if evidence is None and not leads.has_closing_times:
        evidence = _absent(column.group, column.names, leads, sides)
    return evidence


def only_open(column: Column, leads: LeadStates) -> Evidence | None:
    """A column that is filled on open leads and empty on closed ones created at the same time: closing clears it.

    Several cohorts must show it: a field that was introduced lately is filled on the latest leads alone.
    """
    sides = _sides(leads) if leads.has_closing_times else None
    if sides is None:
        return None
    filled = column.filled
    expected = _expected(filled, sides.cohort, of=sides.closed, at_rate_of=sides.still_open)
    present = np.bincount(sides.cohort[filled & sides.closed], minlength=COHORTS)
    shows = (expected >= MIN_EXPECTED_OF_COHORT) & (present <= MAX_PRESENT * expected)
    if np.count_nonzero(shows) < MIN_COHORTS or present.sum() > MAX_PRESENT * expected.sum():
        return None
    share_open = float(filled[sides.still_open].mean())
    return Evidence(
        STRONG,
        f"{share_open:.0%} of open leads have any value, but only {present.sum()} of "
        f"{np.count_nonzero(sides.closed)} closed ones; at the rate of open leads of the same age "
        f"{expected.sum():.0f} would, so closing clears it",
        {"share_open": share_open, "expected_closed_with_value": float(expected.sum())},
    )


def only_lost(column: Column, leads: LeadStates) -> Evidence | None:
    """A column that lost leads have, and neither won nor open ones: a reason of the loss.

    A disqualifying fact that is known before is on open leads as well.
    """
    filled, still_open = column.filled, ~leads.decided
    rate = float(filled[leads.lost].mean()) if leads.lost.any() else 0.0
    share_lost = float(leads.lost[leads.decided].mean()) if leads.decided.any() else 0.0
    expected_won, expected_open = rate * leads.won.sum(), rate * share_lost * still_open.sum()
    if min(expected_won, expected_open) < MIN_EXPECTED_ONE_SIDED:
        return None
    won, open_ = np.count_nonzero(filled & leads.won), np.count_nonzero(filled & still_open)
    if won > MAX_PRESENT * expected_won or open_ > MAX_PRESENT * expected_open:
        return None
    return Evidence(
        STRONG,
        f"{rate:.0%} of lost leads have any value, but only {won} of {leads.won.sum()} won and {open_} of "
        f"{still_open.sum()} open ones: it is filled in with the loss",
        {"share_lost": rate, "won_with_value": float(won), "open_with_value": float(open_)},
    )


def _sides(leads: LeadStates) -> Sides | None:
    """The leads to compare, in cohorts of creation: a field that was introduced lately is no leak."""
    # Without closing times a young lead is open because its decision was not yet due.
    min_age_us = 0 if leads.has_closing_times else leads.horizon_us + DAY_US
    old = leads.as_of_us - leads.created_us > min_age_us
    still_open, closed = old & ~leads.decided, old & leads.decided
    if min(np.count_nonzero(still_open), np.count_nonzero(closed)) < MIN_SIDE:
        return None
    edges = np.quantile(leads.created_us[still_open], [0.2, 0.4, 0.6, 0.8])
    return Sides(still_open, closed, np.searchsorted(edges, leads.created_us))


def _expected(has: Mask, cohort: Ints, *, of: Mask, at_rate_of: Mask) -> Floats:
    """Number of leads of one side that would have the value at the other side's rate, by cohort."""
    leads = np.bincount(cohort[at_rate_of], minlength=COHORTS)
    rate = np.bincount(cohort[at_rate_of & has], minlength=COHORTS) / np.maximum(leads, 1)
    return np.asarray(rate * np.bincount(cohort[of], minlength=COHORTS))


def _absent(group: Ints, names: list[str], leads: LeadStates, sides: Sides) -> Evidence | None:
    counts = _count_by_value(group, len(names), sides)
    absent = (counts.expected >= MIN_EXPECTED) & (counts.present <= MAX_PRESENT * counts.expected)
    absent &= np.arange(len(names)) > 0
    if not absent.any():
        return None
    share_closed, present, expected = (float(count[absent].sum()) for count in counts)
    values = quoted([names[value] for value in np.flatnonzero(absent)])
    return Evidence(
        STRONG if not leads.has_closing_times and share_closed > 0.5 else WEAK,
        f"{share_closed:.0%} of closed leads have {values}, but only {present:.0f} of "
        f"{np.count_nonzero(sides.still_open)} open ones; at the rate of closed leads of the same age "
        f"{expected:.0f} would",
        {"share_closed": share_closed, "open_with_value": present, "expected_open_with_value": expected},
    )


class _Counts(NamedTuple):
    """By value (values,): share of closed leads, open leads that have it, and open leads expected at that rate."""

    share_closed: Floats
    present: Floats
    expected: Floats


def _count_by_value(group: Ints, values: int, sides: Sides) -> _Counts:
    def count(side: Mask) -> Floats:
        table = np.bincount(group[side] * COHORTS + sides.cohort[side], minlength=values * COHORTS)
        return table.reshape(values, COHORTS).astype(np.float64)

    closed, still_open = count(sides.closed), count(sides.still_open)
    closed_rate = closed / np.maximum(closed.sum(axis=0), 1)
    expected = closed_rate * still_open.sum(axis=0)
    return _Counts(
        share_closed=closed.sum(axis=1) / closed.sum(),
        present=still_open.sum(axis=1),
        expected=expected.sum(axis=1),
    )
