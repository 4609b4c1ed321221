"""Spellings of one value: texts that differ by case and blanks alone are equal, and the commonest one is shown."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from history.history import Factor
from history.text.folding import fold, trimmed

FEW: Final = 16  # values of a request's column


def one_spelling(factor: Factor, preferred: Sequence[str] = ()) -> Factor:
    """The factor with one text for all spellings of a value: that in `preferred`, else the commonest of its rows.

    Outer and repeated blanks are trimmed; of equally common spellings the first in order of text counts. A text of
    blanks alone stays. A factor with one clean spelling a value is returned as it is.
    """
    values, known = factor.values, tuple(preferred)
    are_clean = _are_clean(tuple(values), known) if len(values) <= FEW else _are_shown(values, known)
    if are_clean:
        return factor

    spelling, keys = _spelling_of(known), [fold(text) for text in values]
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(values)).tolist()
    shown = dict(spelling)
    for text, key, _ in sorted(zip(values, keys, counts, strict=True), key=lambda item: (-item[2], item[0])):
        shown.setdefault(key, trimmed(text))
    place: dict[str, int] = {}
    recode = [place.setdefault(key, len(place)) for key in keys]
    codes = np.array([*recode, -1], dtype=np.int32)[factor.codes]
    return Factor(codes, [shown[key] for key in place]).compact()


def _are_shown(values: Sequence[str], preferred: tuple[str, ...]) -> bool:
    """True if the texts (k,) are one clean spelling of a value each."""
    spelling, keys = _spelling_of(preferred), [fold(text) for text in values]
    if len(set(keys)) < len(keys):
        return False
    return all((spelling.get(key) or trimmed(text)) == text for text, key in zip(values, keys, strict=True))


_are_clean = lru_cache(maxsize=4096)(_are_shown)  # requests repeat their few kinds, channels and stages


@lru_cache(maxsize=1024)
def _spelling_of(preferred: tuple[str, ...]) -> dict[str, str]:
    """The preferred spelling of each folded text, the first of several."""
    spelling: dict[str, str] = {}
    for text in preferred:
        spelling.setdefault(fold(text), text)
    return spelling
