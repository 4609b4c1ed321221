"""Tests of attribute changes: back-filled ones, and columns that have the last value instead of the first."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.attributes.parsing import canonical
from history.base.arrays import Ints, Mask
from history.history import History
from history.text.times import DAY_US
from training.audit.evidence import STRONG, Evidence, wilson_bounds
from training.audit.leads import LeadStates

MIN_ROWS = 30
MIN_SHARE = 0.3  # of a column's changes
MIN_CHANGED = 20  # leads with one change
MIN_ALREADY_CHANGED = 0.5  # of them
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


def holds_last_value(history: History, name: str) -> Evidence | None:
    """A column of `leads` with the value of today: on leads with one change it already is the value after that change.

    The column should have the value at creation, which a change replaces by another one.
    """
    changes, base = history.changes, history.attributes.get(name)
    if base is None or name not in changes.attribute.values:
        return None
    lead = changes.lead
    rows = changes.attribute.codes == list(changes.attribute.values).index(name)
    rows &= changes.time_us > history.created_us[lead]
    changed = lead[rows]
    once = np.bincount(changed, minlength=len(history))[changed] == 1
    changed, value = changed[once], changes.value.codes[rows][once]
    base_codes, value_codes = _canonical_codes(base.values, changes.value.values)
    at_creation, after = base_codes[base.codes[changed]], value_codes[value]
    both = (at_creation >= 0) & (after >= 0)
    n, same = int(np.count_nonzero(both)), int(np.count_nonzero(both & (at_creation == after)))
    if n < MIN_CHANGED or wilson_bounds(same, n).low < MIN_ALREADY_CHANGED:
        return None
    return Evidence(
        STRONG,
        f"on {same} of the {n} leads whose value changed once, the column already has the value after the change",
        {"already_changed": same / n, "changed_once": float(n)},
    )


def _canonical_codes(*lists: Sequence[str]) -> list[Ints]:
    """Codes of texts over their common canonical forms, -1 at the end of each list for a missing text."""
    place: dict[str, int] = {}
    return [
        np.array([*(place.setdefault(canonical(text), len(place)) for text in texts), -1], dtype=np.int64)
        for texts in lists
    ]


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
