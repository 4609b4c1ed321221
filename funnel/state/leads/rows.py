"""Positions in tables whose rows are grouped by lead and sorted by time."""

import numpy as np

from history.base.arrays import Ints


def rows_until(offsets: Ints, time_us: Ints, lead: Ints, instant_us: Ints) -> Ints:
    """End of the rows (m,) of each lead (m,) up to and with its instant (m,), by bisection within the lead's rows."""
    low, high = offsets[lead], offsets[lead + 1]
    last_row = len(time_us) - 1
    most_rows = int((high - low).max(initial=0))
    # All leads bisect side by side; the longest one needs this many halvings.
    for _ in range(most_rows.bit_length()):
        middle = (low + high) // 2
        searching = low < high
        # The middle of a finished search may lie one past the table.
        middle_us = time_us[np.minimum(middle, last_row)]
        is_later = middle_us > instant_us
        high = np.where(searching & is_later, middle, high)
        low = np.where(searching & ~is_later, middle + 1, low)
    return low
