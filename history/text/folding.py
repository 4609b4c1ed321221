"""Texts without case and needless blanks: the form in which spellings of one value are equal."""

from functools import lru_cache
from typing import Final

MOST_KEPT: Final = 65_536  # values repeat, and folding one takes as long as a feature


def folded(word: str) -> str:
    """The form in which words are compared: without case, outer blanks and repeated blanks."""
    return " ".join(word.casefold().split())


fold = lru_cache(maxsize=MOST_KEPT)(folded)


@lru_cache(maxsize=MOST_KEPT)
def trimmed(text: str) -> str:
    """The text without outer and repeated blanks; one of blanks alone stays as it is."""
    return " ".join(text.split()) or text
