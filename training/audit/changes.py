"""Test of attribute changes: values recorded after the closing and dated before it."""

from typing import NamedTuple

import numpy as np

from history.arrays import Ints, Mask
from history.history import DAY_US, History
from training.audit.evidence import STRONG, Evidence, wilson_bounds
from training.audit.leads import LeadStates

MIN_ROWS = 30
MIN_SHARE = 0.3  # of a column's changes
BULK_SHARE = 0.5  # of the back-dated changes on one day: a migration


class _Changes(NamedTuple):
    """The changes of one attribute: lead, time valid from and time recorded, microseconds UTC; arrays (m,)."""

    lead: Ints
    time_us: Ints
    known_us: Ints


def back_filled(history: History, name: str, leads: LeadStates) -> Evidence | None:
    """Values recorded on closed leads as if known before, which leads still open at that time did not get.

    A migration that fills all leads is honest. The open leads to compare with are those open when half of the
    back-dated changes had been recorded.
    """
    if name not in history.changes.attribute.values:
        return None
    changes = _changes_of(history, name)
    late = _recorded_late(changes, leads)
    count = np.count_nonzero(late)
    if count < MIN_ROWS or count < MIN_SHARE * len(changes.lead):
        return None

    middle_us = int(np.median(changes.known_us[late]))
    closed = _highest_rate(leads, changes.lead[late], middle_us)
    open_then = (leads.created_us < middle_us) & (leads.closed_us > middle_us)
    n_open = np.count_nonzero(open_then)
    open_rate = _share(changes.lead[changes.known_us <= middle_us + DAY_US], open_then)
    if n_open < MIN_ROWS or wilson_bounds(closed.hits, closed.n).low < 4 * open_rate + 0.02:
        return None
    return Evidence(
        STRONG,
        f"{count} of its {len(changes.lead)} changes were recorded {_in_bulk(changes.known_us[late])}after the lead "
        f"closed and dated before; {closed.rate:.0%} of the leads that closed one way got a value, but {open_rate:.0%} "
        "of those still open then",
        {
            "back_dated": float(count),
            "changes": float(len(changes.lead)),
            "closed_rate": closed.rate,
            "open_rate": open_rate,
        },
    )


def _changes_of(history: History, name: str) -> _Changes:
    changes = history.changes
    rows = changes.attribute.codes == list(changes.attribute.values).index(name)
    return _Changes(changes.lead[rows], changes.time_us[rows], changes.known_us[rows])


def _recorded_late(changes: _Changes, leads: LeadStates) -> Mask:
    """Changes (m,) recorded after the lead's closing, dated before it and at least a day before their recording."""
    closed_us = leads.closed_us[changes.lead]
    back_dated = (changes.time_us < closed_us) & (changes.known_us - changes.time_us >= DAY_US)
    return leads.decided[changes.lead] & back_dated & (changes.known_us > closed_us)


def _in_bulk(known_us: Ints) -> str:
    by_day = np.bincount((known_us - known_us.min()) // DAY_US)
    return "on one day " if by_day.max() / len(known_us) > BULK_SHARE else ""


class _Rate(NamedTuple):
    """hits of n leads; rate is 0 if there are none."""

    rate: float
    hits: int
    n: int


def _highest_rate(leads: LeadStates, filled: Ints, at_us: int) -> _Rate:
    """Of the won and of the lost leads closed by at_us: the higher share that got a value; filled: lead numbers."""
    highest = _Rate(0.0, 0, 1)
    for side in (leads.won, leads.lost):
        closed = side & (leads.closed_us <= at_us)
        n, hits = int(np.count_nonzero(closed)), int(np.count_nonzero(closed[np.unique(filled)]))
        if n and hits / n > highest.rate:
            highest = _Rate(hits / n, hits, n)
    return highest


def _share(filled: Ints, members: Mask) -> float:
    """Share of the members (mask over leads) among the lead numbers `filled`; 0 if there are none."""
    n = np.count_nonzero(members)
    return float(np.count_nonzero(members[np.unique(filled)]) / n) if n else 0.0
