"""Time proxies: columns that tell the date rather than the lead.

At the next date their values lie outside of the training range. On olist-funnel the total of wins was 156 % too high
with them and 6 % too low without (docs/decisions/0012).
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from features.feature import Feature
from history.base.arrays import Floats, Ints
from history.text.times import DAY_US

MAX_CORRELATION = 0.7  # rank correlation with the date; an attribute above it is a running number or similar
MAX_PAST_LEADS_CORRELATION = 0.3  # of features learned from past leads: their counts grow with the company
CYCLE_DAYS = {"days_to_month_end": 30.4, "days_to_quarter_end": 91.3}
# On the first pass a countdown is the date itself. Three passes would cost maven-crm 0.005 to 0.007 of AUC
# (docs/decisions/0026).
MIN_CYCLES = 2
SAMPLE_ROWS = 20_000
MIN_KNOWN = 50  # values in the sample; fewer make no reliable correlation


def time_proxy_columns(values: Floats, features: Sequence[Feature], as_of_us: Ints) -> list[int]:
    """Columns of values (n, k) that follow the instants as_of_us (n,) of their rows, in order.

    These are numeric attributes and features of past leads by rank correlation, and calendar countdowns that completed
    fewer than MIN_CYCLES cycles.
    """
    step = max(1, len(values) // SAMPLE_ROWS)
    instants = as_of_us[::step]
    days = float(np.ptp(as_of_us)) / DAY_US if len(as_of_us) else 0.0
    columns = []
    for j, feature in enumerate(features):
        if days < MIN_CYCLES * CYCLE_DAYS.get(feature.name, 0.0) or _follows_time(
            values[::step, j], feature, instants
        ):
            columns.append(j)
    return columns


def _follows_time(column: Floats, feature: Feature, instants: Ints) -> bool:
    if feature.block != "attributes" or feature.kind == "category":
        return False
    known = ~np.isnan(column)
    if known.sum() < MIN_KNOWN or np.ptp(column[known]) == 0 or np.ptp(instants[known]) == 0:
        return False
    limit = MAX_PAST_LEADS_CORRELATION if feature.of_past_leads else MAX_CORRELATION
    return abs(float(spearmanr(column[known], instants[known]).statistic)) > limit


def masked(values: Floats, columns: Sequence[int]) -> Floats:
    """A copy of the values with these columns missing, so that no fit can use them; scoring needs no masking then."""
    out = values.copy()
    out[:, list(columns)] = np.nan
    return out
