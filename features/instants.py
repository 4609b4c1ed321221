"""The latest training instant of each lead, and the rows of a log that training may read by then."""

from typing import NamedTuple

import numpy as np

from history.base.arrays import Ints, Mask
from history.snapshot import Snapshot

# Before every time, so that comparisons need no special case: of a lead without a training row or without a stage.
NO_INSTANT = int(np.iinfo(np.int64).min)


def latest_instants(snapshot: Snapshot) -> Ints:
    """Each lead's latest instant (leads,) among the rows, NO_INSTANT for leads that are not among them."""
    latest = np.full(len(snapshot.history), NO_INSTANT, dtype=np.int64)
    np.maximum.at(latest, snapshot.lead, snapshot.as_of_us)
    return latest


class VisibleRows(NamedTuple):
    """Of the rows of a log (rows,): True if known by its lead's latest training instant, and the lead's position."""

    mask: Mask
    lead: Ints


def visible_rows(offsets: Ints, known_us: Ints, latest: Ints) -> VisibleRows:
    """Training may read the marked rows; offsets (leads + 1,), known_us (rows,), latest (leads,)."""
    lead = np.repeat(np.arange(len(latest)), np.diff(offsets))
    return VisibleRows(known_us <= latest[lead], lead)
