"""Dates of nought, as MySQL, SAP and spreadsheets write a missing one: they count as the placeholder 1899-12-30."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from history.folder.values.columns import merged
from history.history import Factor
from history.text.placeholders import PLACEHOLDERS

PLACEHOLDER: Final = PLACEHOLDERS[0]
# 0000-00-00 00:00:00, 00.00.0000, 0001-01-01, 1900-01-00, 1/0/1900
ZERO: Final = (
    r"^\s*(?:0000[-./]00?[-./]00?|00?[-./]00?[-./]0000|0001-01-01|01[./]01[./]0001|1900-01-00|0?1/0?0/1900)"
    r"(?:[ T][0:.]*(?:Z|\+00:?00)?)?\s*$"
)
_ZERO: Final = re.compile(ZERO)


def times_of_zero(array: pa.Array) -> pa.Array:
    """The column with the placeholder for each date of nought; the same array without any."""
    if not pa.types.is_string(array.type) or not pc.any(pc.match_substring_regex(array, ZERO)).as_py():
        return array
    return pc.replace_substring_regex(array, ZERO, PLACEHOLDER)


def texts_of_zero(factor: Factor) -> Factor:
    """The texts with the placeholder for each date of nought."""
    if not any(_ZERO.match(text) for text in factor.values):
        return factor
    return merged(factor.codes, [PLACEHOLDER if _ZERO.match(text) else text for text in factor.values])
