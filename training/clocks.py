"""Columns that tell the date more than they tell the lead: at the next date they lie outside of all that
training saw.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from features.feature import Feature

Floats = npt.NDArray[np.float64]

LIMIT = 0.7  # rank correlation with the date from which an attribute's number is a clock, such as a running number
TABLE_LIMIT = 0.3  # the same for what is learned of past leads, which grows with the company
SAMPLE = 20_000
FEWEST = 50


def clock_columns(values: Floats, features: Sequence[Feature], as_of_us: npt.NDArray[np.int64]) -> list[int]:
    """Numbers of attributes and of past leads (n, k) whose rank follows the instants (n,) of their rows."""
    step = max(1, len(values) // SAMPLE)
    at = as_of_us[::step]
    found = []
    for j, feature in enumerate(features):
        if feature.block != "attributes" or feature.kind == "category":
            continue
        column = values[::step, j]
        known = ~np.isnan(column)
        if known.sum() < FEWEST or np.ptp(column[known]) == 0 or np.ptp(at[known]) == 0:
            continue
        limit = TABLE_LIMIT if feature.unit == "leads" or feature.name.endswith("_win_rate") else LIMIT
        if abs(float(spearmanr(column[known], at[known]).statistic)) > limit:
            found.append(j)
    return found


def stopped(values: Floats, clocks: Sequence[int]) -> Floats:
    """The values with the clocks blanked, so that no fit can use them; scoring needs no change then."""
    out = values.copy()
    out[:, list(clocks)] = np.nan
    return out
