"""Infers the kind of a column: number, date, boolean or category, and how its numbers and dates are written."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from math import nan
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.parsing import (
    BOOLEAN,
    CATEGORY,
    DATE,
    NUMBER,
    SET,
    TRUTH,
    category_key,
    fits_unit,
    instants,
    numbers,
    plain_instants,
    plain_number,
)
from history.base.arrays import Ints
from history.config.config import FunnelConfig
from history.text.time_formats import DAY_FIRST, order_of_format
from history.text.written_dates import date_order, written_date
from history.text.written_numbers import COMMA, PERCENT, POINT, decimal_mark, is_currency, taken_apart

FITS: Final = 0.99  # share of a column's values that must read as a kind
LOCAL: Final = "local"  # the form of dates none of which depends on the order of day and month
FEWEST_WITH_WORD: Final = (
    5  # distinct numbers, for a column such as "12 people": "1 star" and "2 stars" are categories
)
TRIED_FIRST: Final = 100  # texts
SAMPLED: Final = 10_000  # texts that tell mark, unit and order: reading one takes about 10 microseconds
_SEPARATOR_WORDS: Final = {
    "json": "commas in brackets",
    "\n": "line breaks",
    ",": "commas",
    ";": "semicolons",
}
CODE: Final = re.compile(r"[+-]?0[0-9]+")  # a leading zero: a postcode or an id, not a number
_MAY_BE_CODE: Final = re.compile(r"(?:^|[\s+-])0[0-9]")  # in texts joined by blanks, read at once


class Hints(NamedTuple):
    """What funnel.toml says of the columns of leads: decimal mark, and order of day and month; None for nothing."""

    mark: str | None = None
    order: str | None = None


NO_HINTS: Final = Hints()


def hints_of(config: FunnelConfig) -> Hints:
    """The hints of [formats]."""
    time_format = config.format_of("leads", "datetime")
    order = None if time_format is None else order_of_format(time_format)
    return Hints(config.format_of("leads", "decimal"), order)


class Reading(NamedTuple):
    """The kind of a column and, for `number` and `instants`, how its texts are written: "" for the plain way."""

    kind: str
    form: str = ""


def infer(texts: Sequence[str], weights: Ints, zone: ZoneInfo, hints: Hints = NO_HINTS) -> Reading:
    """The kind that at least 99 % of a column's values fit, else category; weights (texts,) count each text.

    A column with texts such as 01 holds codes, not numbers. Small whole numbers are numbers; 0 and 1 alone are boolean,
    as are true and false; yes and no are categories unless the configuration says boolean. Numbers and dates as people
    write them count if the whole column, or else the hints, leave no choice.
    """
    total = weights.sum()
    if not total:
        return Reading(CATEGORY)

    def fits(values: list[float]) -> bool:
        is_read = ~np.isnan(np.array(values, dtype=np.float64))
        return float(weights[is_read].sum() / total) >= FITS

    if fits([TRUTH.get(category_key(text), nan) for text in texts]):
        return Reading(BOOLEAN)
    if fits([plain_number(text) for text in texts]):
        if _MAY_BE_CODE.search(" ".join(texts)) and any(CODE.fullmatch(text.strip()) for text in texts):
            return Reading(CATEGORY)
        form = written_number_form(texts, weights, hints) if hints.mark == COMMA else None
        return Reading(NUMBER, form if form is not None and form[0] == COMMA else "")
    dates = [nan if instant is None else float(instant) for instant in plain_instants(texts, zone)]
    if fits(dates):
        return Reading(DATE)
    if not weights.all():
        used = np.flatnonzero(weights)
        texts, weights = [texts[i] for i in used.tolist()], weights[used]
    form = written_number_form(texts, weights, hints)
    if form is not None and fits(numbers(texts, form)):
        return Reading(NUMBER, form)
    form = written_date_form(texts, hints)
    if form is not None and fits([_as_float(instant) for instant in instants(texts, zone, form)]):
        return Reading(DATE, form)
    return Reading(CATEGORY)


def form_of(kind: str, texts: Sequence[str], weights: Ints, hints: Hints = NO_HINTS) -> str:
    """How the texts of a column of a configured kind are written, as far as they tell."""
    form = ""
    if kind == NUMBER:
        form = written_number_form(texts, weights, hints) or ""
    elif kind == DATE:
        form = written_date_form(texts, hints) or ""
    return "" if form in (POINT, LOCAL) else form  # read alike


def words_for(reading: Reading) -> str:
    """How people call the way in which a column is written: "decimal comma, EUR", "day first"; "" for the plain way."""
    form = reading.form
    if not form:
        return ""
    if reading.kind == SET:
        return f"separated by {_SEPARATOR_WORDS.get(form, repr(form))}"
    if reading.kind == DATE:
        return "local dates" if form == LOCAL else f"local dates, {form}"
    mark, unit = ("decimal comma" if form[0] == COMMA else "decimal point"), form[1:]
    return f"{mark}, {unit.upper() if is_currency(unit) else unit}" if unit else mark


def written_number_form(texts: Sequence[str], weights: Ints, hints: Hints = NO_HINTS) -> str | None:
    """The decimal mark and the usual unit of a column of numbers as people write them, None for any other column.

    None too if the mark is open ("1.234" throughout), for codes such as 01, and for few numbers with a word behind.
    """
    if not _looks_written(texts, lambda text: taken_apart(text) is not None):
        return None
    step = max(1, len(texts) // SAMPLED)
    texts, weights = texts[::step], weights[::step]
    parts = [
        (written, n)
        for text, n in zip(texts, weights.tolist(), strict=True)
        if (written := taken_apart(text)) and n
    ]
    units: Counter[str] = Counter()
    for written, n in parts:
        units[written.unit] += n
    named = {unit: n for unit, n in units.items() if unit}
    usual = max(named, key=lambda unit: (named[unit], unit), default="")
    cores = {written.core for written, _ in parts if fits_unit(written.unit, usual)}
    is_word = usual not in ("", PERCENT) and not is_currency(usual)
    if any(CODE.fullmatch(core) for core in cores) or (is_word and len(cores) < FEWEST_WITH_WORD):
        return None
    mark = decimal_mark(cores) or hints.mark
    return None if mark is None else mark + usual


def written_date_form(texts: Sequence[str], hints: Hints = NO_HINTS) -> str | None:
    """The order of day and month in a column of dates as people write them; LOCAL if no date depends on it."""
    if not _looks_written(texts, lambda text: written_date(text, DAY_FIRST) is not None):
        return None
    return date_order(texts[:: max(1, len(texts) // SAMPLED)]) or hints.order or LOCAL


def _looks_written(texts: Sequence[str], is_written: Callable[[str], bool]) -> bool:
    """False for most columns of other texts, by a few of them."""
    sample = texts[:: max(1, len(texts) // TRIED_FIRST)]
    return 2 * sum(map(is_written, sample)) >= len(sample)


def _as_float(instant: int | None) -> float:
    return nan if instant is None else float(instant)
