"""Columns that tell the date more than they tell the lead:
at the next date they lie outside of all that training saw.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from features.feature import Feature
from history.arrays import Floats
from history.history import DAY_US

LIMIT = 0.7  # rank correlation with the date from which an attribute's number is a clock, such as a running number
TABLE_LIMIT = 0.3  # the same for what is learned of past leads, which grows with the company
CYCLE_DAYS = {"days_to_month_end": 30.4, "days_to_quarter_end": 91.3}
LEAST_CYCLES = 2  # come round fewer times, a countdown is a trend of the date, not a habit of the calendar
SAMPLE = 20_000
FEWEST = 50


def time_proxy_columns(
    values: Floats, features: Sequence[Feature], as_of_us: npt.NDArray[np.int64]
) -> list[int]:
    """Numbers of attributes and of past leads (n, k) whose rank follows the instants (n,) of their rows, and countdowns
    of the calendar that came round fewer than LEAST_CYCLES times.
    """
    step = max(1, len(values) // SAMPLE)
    at = as_of_us[::step]
    days = np.ptp(as_of_us) / DAY_US if len(as_of_us) else 0.0
    found = []
    for j, feature in enumerate(features):
        if days < LEAST_CYCLES * CYCLE_DAYS.get(feature.name, 0.0):
            found.append(j)
        if feature.block != "attributes" or feature.kind == "category":
            continue
        column = values[::step, j]
        known = ~np.isnan(column)
        if known.sum() < FEWEST or np.ptp(column[known]) == 0 or np.ptp(at[known]) == 0:
            continue
        limit = TABLE_LIMIT if feature.of_past_leads else LIMIT
        if abs(float(spearmanr(column[known], at[known]).statistic)) > limit:
            found.append(j)
    return found


def masked(values: Floats, time_proxies: Sequence[int]) -> Floats:
    """The values with the time_proxies blanked, so that no fit can use them; scoring needs no change then."""
    out = values.copy()
    out[:, list(time_proxies)] = np.nan
    return out
