"""Names that are nearly alike: the one that a warning suggests."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

LEAST_SIMILARITY: Final = 0.6
TYPING_ERROR: Final = 0.8  # similarity of a name and a misspelt one


def nearest_name(name: str, others: Iterable[str]) -> str | None:
    """The other name that is the same but for case, blanks and signs, contains all words of it, or is most alike."""
    plain = {other: _words(other) for other in others}
    words = _words(name)
    same = [other for other, theirs in plain.items() if "".join(theirs) == "".join(words)]
    containing = [other for other, theirs in plain.items() if words and set(words) <= set(theirs)]
    contained = [other for other, theirs in plain.items() if theirs and set(theirs) <= set(words)]
    if candidates := same or containing or contained:
        return min(candidates, key=len)
    by_text = {" ".join(theirs): other for other, theirs in plain.items()}
    close = get_close_matches(" ".join(words), list(by_text), n=1, cutoff=LEAST_SIMILARITY)
    return by_text[close[0]] if close else None


def misspelt_name(name: str, others: Iterable[str]) -> str | None:
    """The other name that is the same but for case, blanks and signs, or a typing error away."""
    plain = {"".join(_words(other)): other for other in others}
    word = "".join(_words(name))
    if word in plain:
        return plain[word]
    close = get_close_matches(word, list(plain), n=1, cutoff=TYPING_ERROR)
    return plain[close[0]] if close else None


def _words(name: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in name.casefold()).split()
