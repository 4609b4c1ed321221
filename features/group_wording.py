"""Groups of leads by one feature, in words: "at least 3 interactions in the last 7 days: 41 % won, others 18 %".

A category's group is its code. A number has three: missing, below its split, and from the split on.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from features.feature import Feature
from features.vocabulary import Vocabulary
from features.wording import COUNTED, is_missing, readable, subject_of
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


def group_words(feature: Feature, group: int, split: float | None, vocabulary: Vocabulary) -> str:
    """The group as a noun phrase."""
    if feature.kind == "category":
        value = float(group)
        if is_missing(feature, value):
            return feature.missing.format()
        return subject_of(feature, readable(feature, value, vocabulary))
    if group == MISSING or split is None:
        return feature.missing.format()
    if feature.unit in _YES_OR_NO:
        return subject_of(feature, readable(feature, float(group == ABOVE), vocabulary))
    if group == BELOW and split == 1 and feature.unit in COUNTED:
        return subject_of(feature, readable(feature, 0.0, vocabulary))
    least = "fewer than" if feature.unit in COUNTED else "less than"
    bound = "at least" if group == ABOVE else least
    return subject_of(feature, f"{bound} {readable(feature, split, vocabulary)}")


def comparison_sentence(words: str, shares: Sequence[float], leads: Sequence[int]) -> str:
    """The shares won of a group and of all others, with their numbers of leads."""
    share_with, share_without = (f"{100 * share:.0f} %" for share in shares)
    n_with, n_without = (f"{n:,}" for n in leads)
    return f"{words}: {share_with} won, others {share_without} ({n_with} and {n_without} leads)"
