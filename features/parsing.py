"""An attribute's text read by its kind, the same way from every door; and the kind that fits a column's texts."""

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite, nan
from zoneinfo import ZoneInfo

import numpy as np

from history.arrays import Floats, Ints
from history.errors import InvalidInput
from history.times import parse_time, parse_times

NUMBER, BOOLEAN, DATE, CATEGORY = "number", "boolean", "date", "category"
FITS = 0.99  # share of a column's values that must read as a kind

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_CODE = re.compile(r"[+-]?0[0-9]+")
_ONE_TEXT = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "-0": "0"}
_TRUTH = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}
_SPOKEN = {**_TRUTH, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "t": 1.0, "f": 0.0}


def canonical(text: str) -> str:
    """The one text of a category: a decimal number without needless zeros (3.0 is 3, 01 stays), True is true."""
    if "." in text and _DECIMAL.fullmatch(text):
        text = text.rstrip("0").rstrip(".")
    return _ONE_TEXT.get(text, text)


def number(text: str) -> float:
    """The finite number that a text states, NaN for any other text."""
    try:
        value = float(text)
    except ValueError:
        return nan
    return value if isfinite(value) and "_" not in text else nan


def boolean(text: str) -> float:
    """1 for true, yes, y, t and 1, 0 for false, no, n, f and 0 in any case, NaN for any other text."""
    return _SPOKEN.get(canonical(text).lower(), nan)


def instants(texts: Sequence[str], zone: ZoneInfo) -> list[int | None]:
    """Microseconds UTC of each date or date-time, None for any other text; without an offset in the zone."""
    if len(texts) > 16:
        times, good = parse_times(texts, zone)
        return [t if g else None for t, g in zip(times.tolist(), good.tolist(), strict=True)]
    return [_instant(text, zone) for text in texts]


@lru_cache(maxsize=65_536)  # dates repeat, and reading one takes as long as ten features
def _instant(text: str, zone: ZoneInfo) -> int | None:
    try:
        return parse_time(text, zone)
    except InvalidInput:
        return None


def infer_kind(texts: Sequence[str], weights: Ints, zone: ZoneInfo) -> str:
    """The kind that at least 99 % of a column's values fit, `weights` being how often each text occurs; else category.

    A column with texts such as 01 holds codes, not numbers. Small whole numbers are numbers; 0 and 1 alone are boolean,
    as are true and false; yes and no are categories unless the configuration says boolean.
    """
    total = weights.sum()
    if not total:
        return CATEGORY

    def share(good: Floats) -> float:
        return float(weights[~np.isnan(good)].sum() / total)

    if share(np.array([_TRUTH.get(canonical(t), nan) for t in texts], dtype=np.float64)) >= FITS:
        return BOOLEAN
    if share(np.array([number(t) for t in texts], dtype=np.float64)) >= FITS:
        return CATEGORY if any(_CODE.fullmatch(t) for t in texts) else NUMBER
    dates = [nan if t is None else float(t) for t in instants(texts, zone)]
    return DATE if share(np.array(dates)) >= FITS else CATEGORY
