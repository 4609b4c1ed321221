"""English sentences of commands and of the API in the reader's language, found by their words."""

import re

from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import is_date
from serving.pages.words.language import DEFAULT

_NUMBER = re.compile(r"\d{4}-\d\d-\d\d|(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?")
_NAMED = ("reading ", "exporting ")  # what follows is a name of the data


def said(file: str, english: str, translate: Translator) -> str | None:
    """The text of a file whose key is the sentence's words, n for every number; None if there is no such text.

    Numbers and days are its values n1, n2 and so on.
    """
    key = f"{file}." + re.sub(r"[^a-z]+", "_", _NUMBER.sub(" n ", english.lower())).strip("_")
    if not translate.has(key):
        return None
    numbers = enumerate(_NUMBER.findall(english), 1)
    return translate(key, **{f"n{i}": _written(number, translate) for i, number in numbers})


def progress_words(english: str, translate: Translator) -> str:
    """What a command does right now; a step that has no words in the reader's language keeps its own."""
    if translate.formats.language == DEFAULT:
        return english
    known = said("progress", english, translate)
    if known is not None:
        return known
    verb = next((verb for verb in _NAMED if english.startswith(verb)), None)
    if verb is None:
        return english
    return translate("progress.of_" + verb.strip(), name=english.removeprefix(verb))


def decision_words(english: str, translate: Translator) -> str:
    """A reason of the gate that decides on a trained version."""
    if translate.formats.language == DEFAULT:
        return english
    return said("decisions", english, translate) or english


def _written(number: str, translate: Translator) -> str:
    """A day, or a number with as many digits after the point."""
    if is_date(number):
        return translate.formats.day(number)
    digits = len(number.partition(".")[2])
    return translate.formats.fixed(float(number.replace(",", "")), digits, has_sign=number[0] in "+-")
