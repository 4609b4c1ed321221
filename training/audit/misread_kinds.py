"""Attributes read as categories although they hold numbers or dates: words for missing values, unclear formats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.kinds import FITS, hints_of, infer, written_number_form
from features.attributes.parsing import CATEGORY, DATE, NUMBER, instants, number
from history.base.arrays import Ints
from history.base.warnings import Warning
from history.config.config import FunnelConfig
from history.config.schema import ACCOUNT
from history.history import Factor, History
from history.text.time_formats import DAY_FIRST
from history.text.written_dates import date_order, written_date
from history.text.written_numbers import PERCENT, POINT, decimal_mark, is_currency, taken_apart

SAMPLE: Final = 5_000  # leads
MIN_LEADS: Final = 20  # with a value
MAX_WORDS: Final = 5  # distinct texts that stand for a missing value
CODE: Final = re.compile(r"[+-]?0\d")  # a leading zero: a postcode or article number, not a number
THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
FEWEST_THOUSANDS: Final = 5  # distinct numbers with a point before three digits


@dataclass(frozen=True)
class _Texts:
    """The k distinct texts of a column, and the number of leads with each (k,)."""

    texts: Sequence[str]
    counts: Ints

    def share(self, chosen: Sequence[bool]) -> float:
        """Share of leads with one of the chosen texts."""
        return float(self.counts[np.array(chosen, dtype=np.bool_)].sum() / self.counts.sum())

    def most_frequent(self, chosen: Sequence[bool]) -> str:
        """The most frequent of the chosen texts, at least one."""
        candidates = [
            (int(count), text)
            for count, text, is_chosen in zip(self.counts, self.texts, chosen, strict=True)
            if is_chosen
        ]
        return max(candidates)[1]


def misread(history: History) -> list[Warning]:
    """A warning for each attribute that is a category only because of its format.

    Attributes with a configured kind are not tested, nor are those that no model reads.
    """
    config = history.config
    untested = {
        ACCOUNT,
        *config.ignore,
        *config.identity,
        *config.sensitive,
        *config.mutable,
        *config.attribute_types,
    }
    warnings = []
    for name in sorted(history.attributes.keys() - untested):
        column = _sampled(history.attributes[name])
        if column.counts.sum() < MIN_LEADS:
            continue
        detail = _misread(column, name, config)
        if detail:
            warnings.append(Warning("misread_attribute", name, detail))
    return warnings


def _misread(column: _Texts, name: str, config: FunnelConfig) -> str | None:
    """A message about a column that is not read as what it likely holds."""
    hints = hints_of(config)
    kind, form = infer(column.texts, column.counts, config.zone, hints)
    if kind == NUMBER and not form and hints.mark is None:
        return _likely_thousands(column)
    if kind != CATEGORY:
        return None
    return _unclear_number(column) or _unclear_date(column) or _words_for_missing(column, name, config.zone)


def _sampled(factor: Factor) -> _Texts:
    """The texts of about SAMPLE leads, evenly spaced."""
    codes = factor.codes[:: max(1, len(factor.codes) // SAMPLE)]
    used, counts = np.unique(codes[codes >= 0], return_counts=True)
    return _Texts([factor.values[code] for code in used.tolist()], counts)


def _words_for_missing(column: _Texts, name: str, zone: ZoneInfo) -> str | None:
    """A message if all but a few words are numbers or dates, such as 'N/A' in a column of amounts."""
    is_number = _are_numbers(column)
    is_date = [moment is not None for moment in instants(column.texts, zone, date_order(column.texts) or "")]
    for kind, fits in ((NUMBER, is_number), (DATE, is_date)):
        words = [not text_fits for text_fits in fits]
        if sum(words) > MAX_WORDS:
            continue
        share = column.share(fits)
        if FITS > share >= 0.5:
            return (
                f"{share:.0%} of its values are {kind}s, but others, such as {column.most_frequent(words)!r}, make it "
                f'a category; leave such fields empty, or set "{name}" = "{kind}" in [attributes.types]'
            )
    return None


def _are_numbers(column: _Texts) -> list[bool]:
    """Whether each text is a number, plain or as the other numbers of the column are written."""
    numbers = [(t, n) for t, n in zip(column.texts, column.counts.tolist(), strict=True) if taken_apart(t)]
    form = written_number_form([t for t, _ in numbers], np.array([n for _, n in numbers], dtype=np.int64))
    return [not np.isnan(number(text, form or "")) and not CODE.match(text) for text in column.texts]


def _unclear_number(column: _Texts) -> str | None:
    """A message if the values are numbers in several units, or with a mark that separates thousands or decimals."""
    written = [taken_apart(text) for text in column.texts]
    if column.share([number is not None for number in written]) < FITS:
        return None
    units = sorted({number.unit for number in written if number is not None and number.unit})
    cores = [number.core for number in written if number is not None]
    if len(units) > 1 and any(map(is_currency, units)):
        shown = ", ".join(unit.upper() for unit in units[:MAX_WORDS])
        return f"its values are numbers in several currencies ({shown}), which makes it a category; convert them to one"
    if PERCENT in units:
        return (
            "only some of its values have a percent sign, which makes it a category; write all of them alike"
        )
    if len(units) > 1 or any(map(CODE.match, cores)) or decimal_mark(cores) is not None:
        return None
    odd = [number is not None and not number.core.isdecimal() for number in written]
    return (
        f"its values are numbers written like {column.most_frequent(odd)!r}, whose mark may separate thousands or "
        'decimals, which makes it a category; set decimal = "," or decimal = "." in [formats] of funnel.toml'
    )


def _unclear_date(column: _Texts) -> str | None:
    """A message if the values are dates whose day and month cannot be told apart."""
    # Either order will do: it sets which date a text is, not whether it is one.
    is_date = [written_date(text, DAY_FIRST) is not None for text in column.texts]
    if column.share(is_date) < FITS:
        return None
    return (
        f"its values are dates written like {column.most_frequent(is_date)!r}, whose day and month cannot be told "
        'apart, which makes it a category; set datetime = "%d/%m/%Y" or "%m/%d/%Y" in [formats] of funnel.toml'
    )


def _likely_thousands(column: _Texts) -> str | None:
    """A message if plain numbers look like "1.250" and "12.500": thousands, or decimals with a zero at the end."""
    pointed = [POINT in text for text in column.texts]
    has_three = [THOUSANDS.fullmatch(text) is not None for text in column.texts]
    if pointed != has_three or sum(has_three) < FEWEST_THOUSANDS:
        return None
    is_round = [three and text.endswith("0") for three, text in zip(has_three, column.texts, strict=True)]
    if sum(is_round) < sum(has_three) / 2:
        return None
    return (
        f"its numbers, such as {column.most_frequent(is_round)!r}, are read with a decimal point; if the point "
        'separates thousands, set decimal = "," in [formats] of funnel.toml'
    )
