"""Spellings of one value: texts that differ by case and blanks alone are equal, and the commonest one is shown."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from history.history import Factor
from history.outcome_words import folded

MOST_KEPT: Final = 65_536  # values repeat, and folding one takes as long as a feature

fold = lru_cache(maxsize=MOST_KEPT)(folded)


@lru_cache(maxsize=MOST_KEPT)
def trimmed(text: str) -> str:
    """The text without outer and repeated blanks; one of blanks alone stays as it is."""
    return " ".join(text.split()) or text


def one_spelling(factor: Factor, preferred: Sequence[str] = ()) -> Factor:
    """The factor with one text for all spellings of a value: that in `preferred`, else the commonest of its rows.

    Outer and repeated blanks are trimmed; of equally common spellings the first in order of text counts. A text of
    blanks alone stays. A factor with one clean spelling a value is returned as it is.
    """
    values = factor.values
    spelling = _spelling_of(tuple(preferred))
    keys = [fold(text) for text in values]
    if len(set(keys)) == len(keys):
        shown_texts = [spelling.get(key) or trimmed(text) for text, key in zip(values, keys, strict=True)]
        if shown_texts == list(values):
            return factor

    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(values)).tolist()
    shown = dict(spelling)
    for text, key, _ in sorted(zip(values, keys, counts, strict=True), key=lambda item: (-item[2], item[0])):
        shown.setdefault(key, trimmed(text))
    place: dict[str, int] = {}
    recode = [place.setdefault(key, len(place)) for key in keys]
    codes = np.array([*recode, -1], dtype=np.int32)[factor.codes]
    return Factor(codes, [shown[key] for key in place]).compact()


@lru_cache(maxsize=1024)
def _spelling_of(preferred: tuple[str, ...]) -> dict[str, str]:
    """The preferred spelling of each folded text, the first of several."""
    spelling: dict[str, str] = {}
    for text in preferred:
        spelling.setdefault(fold(text), text)
    return spelling
