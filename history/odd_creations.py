"""Leads created far before all others: they widen neither the training grid nor a period of the funnel."""

import numpy as np

from history.base.arrays import Ints, Mask
from history.data_end import GAP_DAYS, most_late
from history.text.times import DAY_US


def first_creation_us(created_us: Ints) -> int:
    """The earliest of the creations (n,), n >= 1, without odd ones.

    Odd are at most three or 0.5 % of the leads, with ten others for each, if the gap after them is wider than the span
    of all others and than GAP_DAYS: a placeholder such as 2000-01-01, or a typing error.
    """
    # The span of the others and not their gaps: a young funnel often begins with a few leads of a pilot.
    count = most_late(len(created_us))
    earliest_us = np.sort(np.partition(created_us, count)[: count + 1]) if count else created_us
    last_us = int(created_us.max())
    for odd in range(count, 0, -1):
        first_us = int(earliest_us[odd])
        if first_us - int(earliest_us[odd - 1]) > max(last_us - first_us, GAP_DAYS * DAY_US):
            return first_us
    return int(earliest_us.min())


def odd_creations(created_us: Ints) -> Mask:
    """Which creations (n,) are odd."""
    if not len(created_us):
        return np.zeros(0, dtype=np.bool_)
    return created_us < first_creation_us(created_us)
