"""Dates that systems write for a missing one: the zero of a spreadsheet, of SQL and of Unix, and the last of all."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.text.time_formats import DAY_FIRST
from history.text.times import DAY_US
from history.text.written_dates import written_date

_EPOCH: Final = date(1970, 1, 1)
PLACEHOLDERS: Final = ("1899-12-30", "1900-01-01", "1970-01-01", "9999-12-31")
YEARS: Final = tuple(text[:4] for text in PLACEHOLDERS)
ANY_YEAR: Final = re.compile("|".join(YEARS))
DAY_OF: Final = {text: (date.fromisoformat(text) - _EPOCH).days for text in PLACEHOLDERS}
# A company founded in 1900 has others of its time in its column, a CRM's placeholder has none.
FAR_DAYS: Final = 3653


def is_placeholder_text(text: str) -> bool:
    """True for a placeholder in ISO 8601 or as people write it, with or without a time of day."""
    if not ANY_YEAR.search(text):
        return False
    iso = text.strip() if text.strip()[:4] in YEARS else written_date(text, DAY_FIRST) or ""
    return iso[:10] in PLACEHOLDERS


def placeholders_far_from(days: Iterable[float]) -> tuple[str, ...]:
    """The placeholders further than FAR_DAYS from all other days since 1970 of a column."""
    column = np.array(list(days), dtype=np.float64)
    others = column[~are_placeholders((column * DAY_US).astype(np.int64))]
    return tuple(text for text, day in DAY_OF.items() if not (np.abs(others - day) <= FAR_DAYS).any())


def are_placeholders(us: Ints, placeholders: Iterable[str] = PLACEHOLDERS) -> Mask:
    """Which instants (n,) lie on the day of a placeholder in any zone."""
    is_placeholder = np.zeros(len(us), dtype=np.bool_)
    for text in placeholders:
        start_us = DAY_OF[text] * DAY_US
        is_placeholder |= (us > start_us - DAY_US) & (us < start_us + 2 * DAY_US)
    return is_placeholder
