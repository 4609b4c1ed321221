"""Groups of leads by one feature, to compare: "at least 3 interactions in the last 7 days: 41 % won, others 18 %".

A category's group is its code. A number has three: missing, below its split, and from the split on.
"""

from typing import Final

import numpy as np

from features.feature import Feature
from features.wording import COUNTED
from history.base.arrays import Floats, Ints

MISSING: Final = 0
BELOW: Final = 1
ABOVE: Final = 2  # the split itself included

_YES_OR_NO: Final = ("boolean", "pick")
_MEASURED: Final = ("days", "hours", "share", "times", "touches", "number", "amount", "calendar days")
_LEAST_OF_EACH = 0.1  # share of rows that a count's split at 1 must leave on either side


def has_groups(feature: Feature) -> bool:
    """False for numbers without a sensible "at least": weekdays, trends, dates before or after another."""
    return feature.kind == "category" or feature.unit in (*_YES_OR_NO, *_MEASURED, *COUNTED)


def split_of(feature: Feature, values: Floats) -> float | None:
    """The number at which the values (n,) of a feature part: 1 for counts that are often 0, else about the median.

    It has two significant digits, so that it can be read; None for a category and without a value.
    """
    known = values[~np.isnan(values)]
    if feature.kind == "category" or not len(known):
        return None
    if feature.unit in _YES_OR_NO:
        return 1.0
    if feature.unit in COUNTED and _LEAST_OF_EACH <= float(np.mean(known >= 1)) <= 1 - _LEAST_OF_EACH:
        return 1.0
    median = float(np.median(known))
    if feature.unit in COUNTED:
        return float(np.floor(median)) + 1
    return float(f"{median:.2g}")


def groups_of(feature: Feature, values: Floats, split: float | None) -> Ints:
    """The group (n,) of each value (n,)."""
    if feature.kind == "category":
        return values.astype(np.int64)
    if split is None:
        return np.full(len(values), MISSING, dtype=np.int64)
    return np.where(np.isnan(values), MISSING, np.where(values >= split, ABOVE, BELOW)).astype(np.int64)


def group_of(feature: Feature, value: float, split: float | None) -> int:
    """The group of one value."""
    if feature.kind == "category":
        return int(value)
    if split is None or value != value:
        return MISSING
    return ABOVE if value >= split else BELOW
