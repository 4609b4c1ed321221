"""Attributes read as categories though they hold numbers or dates: words for missing ones, local ways of writing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from features.parsing import CATEGORY, DATE, FITS, NUMBER, infer_kind, instants, number
from history.arrays import Ints
from history.history import Factor, History

SAMPLE: Final = 5_000  # leads looked at
LEAST: Final = 20  # leads with a value
MOST_WORDS: Final = 5  # distinct texts that stand for a missing value
CODE: Final = re.compile(r"[+-]?0\d")
LOCAL_NUMBER: Final = re.compile(r"[+-]?(0|[1-9]\d{0,2}([.,' \u00a0\u2019\u202f]\d{3})+|[1-9]\d*)([.,]\d+)?")
LOCAL_DATE: Final = re.compile(
    r"\d{1,2}([./-])\d{1,2}\1(\d{4}|\d\d)([ T,].*)?|\d{4}([./])\d{1,2}\4\d{1,2}([ T].*)?"
)


@dataclass(frozen=True)
class _Texts:
    """The distinct texts of one column, and how many leads have each."""

    texts: Sequence[str]
    counts: Ints

    def share(self, good: Sequence[bool]) -> float:
        return float(self.counts[np.array(good, dtype=np.bool_)].sum() / self.counts.sum())

    def most_frequent(self, chosen: Sequence[bool]) -> str:
        return max((int(n), text) for n, text, c in zip(self.counts, self.texts, chosen, strict=True) if c)[1]


def misread(history: History) -> list[dict[str, str]]:
    """{code, subject, detail} of each attribute that is a category for its writing alone and whose kind nobody gave."""
    config = history.config
    skipped = {*config.ignore, *config.sensitive, *config.mutable, *config.attribute_types}
    found = []
    for name in sorted(history.attributes.keys() - skipped):
        column = _sampled(history.attributes[name])
        if column.counts.sum() < LEAST or infer_kind(column.texts, column.counts, config.zone) != CATEGORY:
            continue
        detail = _words(column, name, config.zone) or _local(column)
        if detail:
            found.append({"code": "misread_attribute", "subject": name, "detail": detail})
    return found


def _sampled(factor: Factor) -> _Texts:
    codes = factor.codes[:: max(1, len(factor.codes) // SAMPLE)]
    used, counts = np.unique(codes[codes >= 0], return_counts=True)
    return _Texts([factor.values[code] for code in used.tolist()], counts)


def _words(column: _Texts, name: str, zone: ZoneInfo) -> str | None:
    """Numbers or dates but for a few words."""
    dates = [us is not None for us in instants(column.texts, zone)]
    numbers = [number(text) == number(text) and not CODE.match(text) for text in column.texts]
    for kind, good in ((NUMBER, numbers), (DATE, dates)):
        others = [not fits for fits in good]
        if sum(others) <= MOST_WORDS and FITS > (share := column.share(good)) >= 0.5:
            return (
                f"{share:.0%} of its values are {kind}s, but others, such as {column.most_frequent(others)!r}, make it "
                f'a category; leave such fields empty, or say "{name}" = "{kind}" in [attributes.types]'
            )
    return None


def _local(column: _Texts) -> str | None:
    """Numbers with separators, or dates that are not ISO 8601."""
    for kind, like, pattern in (
        ("numbers", "1234.5", LOCAL_NUMBER),
        ("dates", "2026-03-31", LOCAL_DATE),
    ):
        written = [pattern.fullmatch(text) is not None for text in column.texts]
        odd = [w and not text.isdecimal() for w, text in zip(written, column.texts, strict=True)]
        if any(odd) and column.share(written) >= FITS:
            return (
                f"its values are {kind} written like {column.most_frequent(odd)!r}, which makes it a category; "
                f"write them like {like}"
            )
    return None
