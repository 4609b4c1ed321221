"""The texts of one attribute read by its kind, as the kernel of the block takes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import nan
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from features.attributes.parsing import BOOLEAN, CATEGORY, DATE, NUMBER, boolean, known_instants, number
from features.attributes.picks import pick_keys
from features.calendar import weekday_and_week

# Codes of a category column: levels follow from 2, most frequent first.
RARE_CODE, FIRST_LEVEL = 1, 2
MOST_KEPT: Final = 4096  # readings of one attribute
MOST_DATES: Final = (
    8  # that are read one by one, as those of one lead that were changed: 15 us each the first time
)


class Readings(NamedTuple):
    """What e texts say, (e,) each, but picks.

    value: number, 0 or 1, instant in microseconds, category code, or number of picks. share_or_weekday: share of a
    category, weekday of a date, NaN otherwise; week: of a date. categories: "" for other kinds. n_picks: known picks of
    a set; picks: those of all texts, one text after the other.
    """

    value: Sequence[float]
    share_or_weekday: Sequence[float]
    week: Sequence[float]
    categories: Sequence[str]
    n_picks: Sequence[int]
    picks: Sequence[int] = ()


def _joined(each: Sequence[Readings]) -> Readings:
    """Readings of single texts as those of all; no text's depends on the others."""
    columns = zip(*each, strict=True)
    return Readings(*(list(chain.from_iterable(column)) for column in columns))


@dataclass(frozen=True, eq=False)
class TextReader:
    """Reads the texts of one attribute.

    key_of: text -> category; codes: category -> code; shares: by code; form: how texts are written (see
    `kinds.infer`); placeholders: dates that stand for a missing one. `kept` holds the readings of single texts, since
    requests repeat their categories and flags.
    """

    kind: str
    key_of: Callable[[str], str]
    codes: Mapping[str, int]
    shares: Sequence[float]
    form: str
    placeholders: tuple[str, ...]
    zone: ZoneInfo
    kept: dict[str, Readings] = field(default_factory=dict)

    def read(self, texts: Sequence[str]) -> Readings:
        """What the texts (e,) say."""
        if len(texts) == 1:
            return self._read_one(texts[0])
        if self.kind != DATE or len(texts) > MOST_DATES:
            return self._read(texts)
        return _joined([self._read_one(text) for text in texts])

    def _read_one(self, text: str) -> Readings:
        known = self.kept.get(text)
        if known is None:
            known = self._read((text,))
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[text] = known
        return known

    def _read(self, texts: Sequence[str]) -> Readings:
        if self.kind == CATEGORY:
            return self._categories(texts)
        if self.kind == DATE:
            return self._dates(texts)
        n = len(texts)
        unknown, no_categories, no_picks = [nan] * n, [""] * n, [0] * n
        if self.kind == NUMBER:
            return Readings(
                [number(text, self.form) for text in texts], unknown, unknown, no_categories, no_picks
            )
        if self.kind == BOOLEAN:
            return Readings([boolean(text) for text in texts], unknown, unknown, no_categories, no_picks)
        cells = [pick_keys(text, self.form) for text in texts]
        picks = [[self.codes[key] - FIRST_LEVEL for key in keys if key in self.codes] for keys in cells]
        return Readings(
            [float(len(keys)) for keys in cells],
            unknown,
            unknown,
            no_categories,
            [len(of_text) for of_text in picks],
            [pick for of_text in picks for pick in of_text],
        )

    def _categories(self, texts: Sequence[str]) -> Readings:
        n = len(texts)
        categories = [self.key_of(text) for text in texts]
        codes = [self.codes.get(category, RARE_CODE) for category in categories]
        return Readings(codes, [self.shares[code] for code in codes], [nan] * n, categories, [0] * n)

    def _dates(self, texts: Sequence[str]) -> Readings:
        n = len(texts)
        moments = known_instants(texts, self.zone, self.form, self.placeholders)
        value = np.array([nan if moment is None else float(moment) for moment in moments])
        weekday, week = weekday_and_week(value, self.zone)
        return Readings(value.tolist(), weekday.tolist(), week.tolist(), [""] * n, [0] * n)
