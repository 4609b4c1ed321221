"""Evidence in attribute changes: values recorded after the closing and dated before it, in bulk or one by one."""

import numpy as np

from history.arrays import Ints, Mask
from history.history import DAY_US, History
from training.audit.columns import Leads
from training.audit.evidence import STRONG, Evidence, wilson

LEAST_ROWS = 30


def back_filled(history: History, name: str, leads: Leads) -> Evidence | None:
    """Values written on closed leads as if they had been known before, which leads still open then were not given.

    To compare with: the leads that were there and open when half of these rows had been recorded.
    """
    log = history.changes
    if name not in log.attribute.values:
        return None
    rows = log.attribute.codes == list(log.attribute.values).index(name)
    lead = np.repeat(np.arange(len(history)), np.diff(log.offsets))[rows]
    time, known = log.time_us[rows], log.known_us[rows]
    closed = leads.closed_us[lead]
    late = leads.decided[lead] & (time < closed) & (known > closed) & (known - time >= DAY_US)
    count = np.count_nonzero(late)
    if count < LEAST_ROWS or count < 0.3 * len(lead):
        return None
    middle = int(np.median(known[late]))
    open_then = (leads.created_us < middle) & (leads.closed_us > middle)
    rate, most = _rates(leads, lead[late], middle)
    open_rate = _share(lead[known <= middle + DAY_US], open_then)
    n_open = np.count_nonzero(open_then)
    if n_open < LEAST_ROWS or wilson(most[0], most[1])[0] < 4 * open_rate + 0.02:
        return None
    day = np.bincount((known[late] - known[late].min()) // DAY_US).max() / count
    how = "on one day " if day > 0.5 else ""
    return Evidence(
        STRONG,
        f"{count} of its {len(lead)} changes were recorded {how}after the lead had closed and dated before; "
        f"{rate:.0%} of the leads that had closed one way got a value, {open_rate:.0%} of those still open",
        {
            "back_dated": float(count),
            "changes": float(len(lead)),
            "closed_rate": float(rate),
            "open_rate": float(open_rate),
        },
    )


def _rates(leads: Leads, filled: Ints, at_us: int) -> tuple[float, tuple[Ints, Ints]]:
    """The larger of the shares of won and of lost leads, closed by at_us, that were filled; with its counts."""
    best = (0.0, (np.array(0), np.array(1)))
    for side in (leads.won, leads.lost):
        there = side & (leads.closed_us <= at_us)
        n = np.count_nonzero(there)
        hits = np.count_nonzero(there[np.unique(filled)])
        if n and hits / n > best[0]:
            best = (hits / n, (np.array(hits), np.array(n)))
    return best


def _share(filled: Ints, who: Mask) -> float:
    n = np.count_nonzero(who)
    return float(np.count_nonzero(who[np.unique(filled)]) / n) if n else 0.0
