"""Reads an attribute's text by its kind, equally from files and requests."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite, nan
from zoneinfo import ZoneInfo

import numpy as np

from history.base.arrays import Ints
from history.base.counts import commonest
from history.base.errors import InvalidInput
from history.text.folding import fold, trimmed
from history.text.placeholders import are_placeholders
from history.text.time_formats import DAY_FIRST, MONTH_FIRST
from history.text.times import EARLIEST_US, parse_time, parse_times
from history.text.written_dates import written_date
from history.text.written_numbers import COMMA, PERCENT, POINT, taken_apart, value_of

NUMBER, BOOLEAN, DATE, CATEGORY, SET = "number", "boolean", "date", "category", "set"
NO_PLACEHOLDER_US = EARLIEST_US
_FEW = 16  # texts up to which reading one by one is faster than all at once

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_CANONICAL = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "-0": "0"}
TRUTH = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}
_BOOLEANS = {**TRUTH, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "t": 1.0, "f": 0.0}


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
    return {key: commonest(of_key) for key, of_key in spellings.items()}


def number(text: str, form: str = "") -> float:
    """The finite number in a text as the column writes it, NaN for any other text.

    form: the decimal mark and the unit of the column, "" for numbers such as 1234.5 without a unit.
    """
    if not form or (form[0] != COMMA and form[1:] != PERCENT):
        value = plain_number(text)
        if value == value:
            return value
    return _written_number(text, form)


def numbers(texts: Sequence[str], form: str = "") -> list[float]:
    """`number` of each text."""
    if form:
        return [number(text, form) for text in texts]
    plain = [plain_number(text) for text in texts]
    return [value if value == value else number(text) for value, text in zip(plain, texts, strict=True)]


def plain_number(text: str) -> float:
    """The finite number in a text such as 1234.5, NaN for any other text."""
    try:
        value = float(text)
    except ValueError:
        return nan
    # Python reads 1_000 as a number; data does not mean it so.
    is_number = isfinite(value) and "_" not in text
    return value if is_number else nan


@lru_cache(maxsize=65_536)  # values repeat, and reading one takes as long as ten features
def _written_number(text: str, form: str) -> float:
    written = taken_apart(text)
    if written is None or not fits_unit(written.unit, form[1:]):
        return nan
    return value_of(written, form[:1] or POINT)


def fits_unit(unit: str, usual: str) -> bool:
    """True for a number whose unit is the column's, or is left out; percents and numbers without it do not mix."""
    if PERCENT in (unit, usual):
        return unit == usual
    return not unit or not usual or unit == usual


def boolean(text: str) -> float:
    """1 for true, yes, y, t and 1, 0 for false, no, n, f and 0 in any case, NaN for any other text."""
    return _BOOLEANS.get(category_key(text), nan)


def instants(texts: Sequence[str], zone: ZoneInfo, form: str = "") -> list[int | None]:
    """Microseconds UTC of each date or date-time (in the zone if it has no offset), None for any other text.

    form: the order of day and month in the column; "" reads ISO 8601 and dates that leave no choice.
    """
    if len(texts) <= _FEW:
        return [_instant(text, zone, form) for text in texts]
    return [
        _written_instant(text, zone, form) if instant is None else instant
        for instant, text in zip(plain_instants(texts, zone), texts, strict=True)
    ]


def known_instants(
    texts: Sequence[str], zone: ZoneInfo, form: str, placeholders: tuple[str, ...]
) -> list[int | None]:
    """instants without those on the day of a placeholder, which stands for a missing date."""
    if not placeholders:
        return instants(texts, zone, form)
    if len(texts) <= _FEW:
        return [_known_instant(text, zone, form, placeholders) for text in texts]
    moments = instants(texts, zone, form)
    return without_placeholders(moments, placeholders)


@lru_cache(maxsize=65_536)
def _known_instant(text: str, zone: ZoneInfo, form: str, placeholders: tuple[str, ...]) -> int | None:
    return without_placeholders([_instant(text, zone, form)], placeholders)[0]


def without_placeholders(moments: Sequence[int | None], placeholders: tuple[str, ...]) -> list[int | None]:
    """Moments in microseconds UTC, None for those on the day of a placeholder."""
    if not placeholders:
        return list(moments)
    us = np.array([NO_PLACEHOLDER_US if moment is None else moment for moment in moments], dtype=np.int64)
    missing = are_placeholders(us, placeholders).tolist()
    return [None if is_missing else moment for moment, is_missing in zip(moments, missing, strict=True)]


def plain_instants(texts: Sequence[str], zone: ZoneInfo) -> list[int | None]:
    """Microseconds UTC of each date or date-time in ISO 8601, None for any other text."""
    times, is_valid = parse_times([text.strip() for text in texts], zone)
    return [time if valid else None for time, valid in zip(times.tolist(), is_valid.tolist(), strict=True)]


@lru_cache(maxsize=65_536)  # dates repeat, and reading one takes as long as ten features
def _instant(text: str, zone: ZoneInfo, form: str) -> int | None:
    try:
        return parse_time(text.strip(), zone)
    except InvalidInput:
        return _written_instant(text, zone, form)


@lru_cache(maxsize=65_536)
def _written_instant(text: str, zone: ZoneInfo, form: str) -> int | None:
    iso = written_date(text, form if form in (DAY_FIRST, MONTH_FIRST) else None)
    try:
        return None if iso is None else parse_time(iso, zone)
    except InvalidInput:
        return None
