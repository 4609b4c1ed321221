"""Test of open leads: values that closed leads have and open leads of the same age lack."""

from typing import NamedTuple

import numpy as np

from history.arrays import Floats, Ints, Mask
from history.history import DAY_US
from training.audit.columns import Column
from training.audit.evidence import ANY_VALUE, STRONG, WEAK, Evidence, quoted
from training.audit.leads import LeadStates

COHORTS = 5  # of creation time
MIN_SIDE = 50  # open and closed leads
MIN_EXPECTED = 20  # open leads with the value
MAX_PRESENT = 0.02  # of the expected ones


class Sides(NamedTuple):
    """Masks (n,) of the open and of the closed leads that are compared."""

    still_open: Mask
    closed: Mask


def only_closed(column: Column, leads: LeadStates) -> Evidence | None:
    """A value that closed leads have, and open leads created at the same time do not.

    With closing times, only whether the column is filled is tested: single values are tested more sharply by
    `written_at_closing`.
    """
    # Without closing times a young lead is open because its decision was not yet due.
    min_age_us = 0 if leads.has_closing_times else leads.horizon_us + DAY_US
    old = leads.as_of_us - leads.created_us > min_age_us
    sides = Sides(old & ~leads.decided, old & leads.decided)
    if min(np.count_nonzero(side) for side in sides) < MIN_SIDE:
        return None
    evidence = _absent(column.filled.astype(np.int64), ["none", ANY_VALUE], leads, sides)
    if evidence is None and not leads.has_closing_times:
        evidence = _absent(column.group, column.names, leads, sides)
    return evidence


def _absent(group: Ints, names: list[str], leads: LeadStates, sides: Sides) -> Evidence | None:
    counts = _count_by_value(group, len(names), leads.created_us, sides)
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


def _count_by_value(group: Ints, values: int, created_us: Ints, sides: Sides) -> _Counts:
    """Compares within cohorts of creation time: a field that was introduced lately is no leak."""
    edges = np.quantile(created_us[sides.still_open], [0.2, 0.4, 0.6, 0.8])
    cohort = np.searchsorted(edges, created_us)

    def count(side: Mask) -> Floats:
        table = np.bincount(group[side] * COHORTS + cohort[side], minlength=values * COHORTS)
        return table.reshape(values, COHORTS).astype(np.float64)

    closed, still_open = count(sides.closed), count(sides.still_open)
    closed_rate = closed / np.maximum(closed.sum(axis=0), 1)
    expected = closed_rate * still_open.sum(axis=0)
    return _Counts(
        share_closed=closed.sum(axis=1) / closed.sum(),
        present=still_open.sum(axis=1),
        expected=expected.sum(axis=1),
    )
