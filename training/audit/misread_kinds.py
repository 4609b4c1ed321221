"""Attributes read as categories although they hold numbers or dates: words for missing values, local formats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.parsing import CATEGORY, DATE, FITS, NUMBER, infer_kind, instants, number
from history.arrays import Ints
from history.history import Factor, History
from history.schema import ACCOUNT
from history.warnings import Warning

SAMPLE: Final = 5_000  # leads
MIN_LEADS: Final = 20  # with a value
MAX_WORDS: Final = 5  # distinct texts that stand for a missing value
CODE: Final = re.compile(r"[+-]?0\d")  # a leading zero: a postcode or article number, not a number
LOCAL_NUMBER: Final = re.compile(r"[+-]?(0|[1-9]\d{0,2}([.,' \u00a0\u2019\u202f]\d{3})+|[1-9]\d*)([.,]\d+)?")
LOCAL_DATE: Final = re.compile(
    r"\d{1,2}([./-])\d{1,2}\1(\d{4}|\d\d)([ T,].*)?|\d{4}([./])\d{1,2}\4\d{1,2}([ T].*)?"
)


@dataclass(frozen=True)
class LocalFormat:
    """A way of writing values of some kind that is not read as this kind; like: the way that is."""

    kinds: str
    pattern: re.Pattern[str]
    like: str


LOCAL_FORMATS: Final = (
    LocalFormat("numbers", LOCAL_NUMBER, "1234.5"),
    LocalFormat("dates", LOCAL_DATE, "2026-03-31"),
)


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
        if infer_kind(column.texts, column.counts, config.zone) != CATEGORY:
            continue
        detail = _words_for_missing(column, name, config.zone) or _local_format(column)
        if detail:
            warnings.append(Warning("misread_attribute", name, detail))
    return warnings


def _sampled(factor: Factor) -> _Texts:
    """The texts of about SAMPLE leads, evenly spaced."""
    codes = factor.codes[:: max(1, len(factor.codes) // SAMPLE)]
    used, counts = np.unique(codes[codes >= 0], return_counts=True)
    return _Texts([factor.values[code] for code in used.tolist()], counts)


def _words_for_missing(column: _Texts, name: str, zone: ZoneInfo) -> str | None:
    """A message if all but a few words are numbers or dates, such as 'N/A' in a column of amounts."""
    is_number = [_is_number(text) for text in column.texts]
    is_date = [moment is not None for moment in instants(column.texts, zone)]
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


def _is_number(text: str) -> bool:
    is_nan = number(text) != number(text)
    return not is_nan and not CODE.match(text)


def _local_format(column: _Texts) -> str | None:
    """A message if the values are numbers with thousands separators or decimal commas, or dates not in ISO 8601."""
    for local in LOCAL_FORMATS:
        matches = [local.pattern.fullmatch(text) is not None for text in column.texts]
        odd = [match and not text.isdecimal() for match, text in zip(matches, column.texts, strict=True)]
        if any(odd) and column.share(matches) >= FITS:
            return (
                f"its values are {local.kinds} written like {column.most_frequent(odd)!r}, which makes it a category; "
                f"write them like {local.like}"
            )
    return None
