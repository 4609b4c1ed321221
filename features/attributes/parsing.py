"""Reads an attribute's text by its kind, equally from files and requests, and infers the kind of a column."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite, nan
from zoneinfo import ZoneInfo

import numpy as np

from history.arrays import Ints
from history.errors import InvalidInput
from history.spelling import fold, trimmed
from history.times import parse_time, parse_times

NUMBER, BOOLEAN, DATE, CATEGORY, SET = "number", "boolean", "date", "category", "set"
FITS = 0.99  # share of a column's values that must read as a kind
_FEW = 16  # texts up to which reading one by one is faster than all at once

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_CODE = re.compile(r"[+-]?0[0-9]+")  # a leading zero: a postcode or an id, not a number
_CANONICAL = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "-0": "0"}
_TRUTH = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}
_BOOLEANS = {**_TRUTH, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "t": 1.0, "f": 0.0}


def canonical(text: str) -> str:
    """One text an id: a decimal number without needless zeros (3.0 is 3, 01 stays), True as true."""
    if "." in text and _DECIMAL.fullmatch(text):
        text = text.rstrip("0").rstrip(".")
    return _CANONICAL.get(text, text)


@lru_cache(maxsize=65_536)  # values repeat, and folding one takes as long as a feature
def category_key(text: str) -> str:
    """One text a category: canonical, without case and needless blanks."""
    return fold(canonical(text.strip()))


def shown_texts(texts: Sequence[str], counts: Ints) -> dict[str, str]:
    """The commonest spelling of each category of a column, by its key; counts (texts,): leads with each text."""
    spellings: dict[str, Counter[str]] = {}
    for text, n in zip(texts, counts.tolist(), strict=True):
        spellings.setdefault(category_key(text), Counter())[canonical(trimmed(text))] += n
    return {
        key: min(of_key.items(), key=lambda item: (-item[1], item[0]))[0] for key, of_key in spellings.items()
    }


def number(text: str) -> float:
    """The finite number in a text, NaN for any other text."""
    try:
        value = float(text)
    except ValueError:
        return nan
    # Python reads 1_000 as a number; data does not mean it so.
    is_number = isfinite(value) and "_" not in text
    return value if is_number else nan


def boolean(text: str) -> float:
    """1 for true, yes, y, t and 1, 0 for false, no, n, f and 0 in any case, NaN for any other text."""
    return _BOOLEANS.get(category_key(text), nan)


def instants(texts: Sequence[str], zone: ZoneInfo) -> list[int | None]:
    """Microseconds UTC of each date or date-time (in the zone if it has no offset), None for any other text."""
    if len(texts) <= _FEW:
        return [_instant(text, zone) for text in texts]
    times, is_valid = parse_times([text.strip() for text in texts], zone)
    return [time if valid else None for time, valid in zip(times.tolist(), is_valid.tolist(), strict=True)]


@lru_cache(maxsize=65_536)  # dates repeat, and reading one takes as long as ten features
def _instant(text: str, zone: ZoneInfo) -> int | None:
    try:
        return parse_time(text.strip(), zone)
    except InvalidInput:
        return None


def infer_kind(texts: Sequence[str], weights: Ints, zone: ZoneInfo) -> str:
    """The kind that at least 99 % of a column's values fit, else category; weights (texts,) count each text.

    A column with texts such as 01 holds codes, not numbers. Small whole numbers are numbers; 0 and 1 alone are boolean,
    as are true and false; yes and no are categories unless the configuration says boolean.
    """
    total = weights.sum()
    if not total:
        return CATEGORY

    def fits(values: list[float]) -> bool:
        is_read = ~np.isnan(np.array(values, dtype=np.float64))
        return float(weights[is_read].sum() / total) >= FITS

    if fits([_TRUTH.get(category_key(text), nan) for text in texts]):
        return BOOLEAN
    if fits([number(text) for text in texts]):
        return CATEGORY if any(_CODE.fullmatch(text.strip()) for text in texts) else NUMBER
    dates = [nan if instant is None else float(instant) for instant in instants(texts, zone)]
    return DATE if fits(dates) else CATEGORY
