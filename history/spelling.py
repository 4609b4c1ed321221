"""Spellings of one value: texts that differ by case and blanks alone are equal, and the commonest one is shown."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

import numpy as np

from history.base.counts import by_count
from history.base.whole import ColumnOfWhole, Question
from history.history import Factor
from history.text.folding import fold, trimmed

FEW: Final = 16  # values of a request's column


def one_spelling(factor: Factor, preferred: Sequence[str] = ()) -> Factor:
    """The factor with one text for all spellings of a value: that in `preferred`, else the commonest of its rows.

    Outer and repeated blanks are trimmed; of equally common spellings the first in order of text counts. A text of
    blanks alone stays. A factor with one clean spelling a value is returned as it is.
    """
    values, known = factor.values, tuple(preferred)
    if _are_clean(tuple(values), known) if len(values) <= FEW else _have_one_spelling(values, known):
        return factor
    return _respelled(factor, shown_spellings(_counts(factor), known))


def spelled_as_whole(factor: Factor, preferred: Sequence[str], rows: ColumnOfWhole) -> Factor:
    """`one_spelling` by the rows of a whole folder, of which those of the factor (n,) are some."""
    known = tuple(preferred)
    question = Question(f"spelling of {rows.name}", _joined, partial(shown_spellings, known=known), _of_own)
    shown = rows.whole.decide(question, _counts(factor))
    return factor if _are_shown(factor.values, shown) else _respelled(factor, shown)


def shown_spellings(counts: Mapping[str, int], known: tuple[str, ...] = ()) -> dict[str, str]:
    """The spelling that is shown of each folded text; counts: rows of each text as it stands."""
    shown = dict(_spelling_of(known))
    for text in by_count(counts):
        shown.setdefault(fold(text), trimmed(text))
    return shown


def _counts(factor: Factor) -> dict[str, int]:
    rows = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.values))
    return dict(zip(factor.values, rows.tolist(), strict=True))


def _joined(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {**one, **{text: count + one.get(text, 0) for text, count in other.items()}}


def _of_own(shown: Mapping[str, str], counts: Mapping[str, int]) -> list[str]:
    return [shown[fold(text)] for text in counts]


def _respelled(factor: Factor, shown: Mapping[str, str]) -> Factor:
    place: dict[str, int] = {}
    recode = [place.setdefault(fold(text), len(place)) for text in factor.values]
    codes = np.array([*recode, -1], dtype=np.int32)[factor.codes]
    return Factor(codes, [shown[key] for key in place]).compact()


def _have_one_spelling(values: Sequence[str], preferred: tuple[str, ...]) -> bool:
    """True if the texts (k,) are one clean spelling of a value each."""
    spelling, keys = _spelling_of(preferred), [fold(text) for text in values]
    if len(set(keys)) < len(keys):
        return False
    return all((spelling.get(key) or trimmed(text)) == text for text, key in zip(values, keys, strict=True))


def _are_shown(values: Sequence[str], shown: Mapping[str, str]) -> bool:
    return all(shown[fold(text)] == text for text in values)


_are_clean = lru_cache(maxsize=4096)(
    _have_one_spelling
)  # requests repeat their few kinds, channels and stages


@lru_cache(maxsize=1024)
def _spelling_of(preferred: tuple[str, ...]) -> dict[str, str]:
    """The preferred spelling of each folded text, the first of several."""
    spelling: dict[str, str] = {}
    for text in preferred:
        spelling.setdefault(fold(text), text)
    return spelling
