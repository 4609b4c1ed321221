"""Sentences of commands in German: found by their words, with their numbers as German writes them."""

import re

import pytest

from serving.pages.words.catalogue import Translator, catalogue
from serving.pages.words.formats import Formats
from serving.pages.words.sentences import decision_words, progress_words, said

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("reading the data", "lese die Daten"),
        ("comparing settings, 3 of at most 1,200", "vergleiche Einstellungen, 3 von höchstens 1.200"),
        ("reading deals 7.csv", "lese deals 7.csv"),
        ("dreaming", "dreaming"),
    ],
)
def test_progress_is_told_in_both_languages(english: str, german: str) -> None:
    assert progress_words(english, ENGLISH) == english
    assert progress_words(english, GERMAN) == german


def test_sentence_without_a_text_is_unknown() -> None:
    assert said("progress", "scoring", GERMAN) == "bewerte"
    assert said("progress", "scoring on", GERMAN) is None


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "log loss 0.4212 at past dates against 0.4716 of the base rate: not worse",
            "Log-Loss 0,4212 an früheren Tagen, bei der Grundrate 0,4716: nicht schlechter.",
        ),
        (
            "compared on 1,204 leads open from 2026-09-01 on, 61 of them won; "
            "this version was fitted again as of that day",
            "Verglichen an 1.204 Leads, offen ab 1. Sept. 2026, davon 61 gewonnen; "
            "diese Version lernte dafür noch einmal mit dem Stand jenes Tages.",
        ),
        (
            "calibration error 0.0120 against 0.0110 of the champion, difference +0.0010 (-0.0020 to +0.0030): "
            "not better",
            "Kalibrierungsfehler 0,0120, bei der Version im Einsatz 0,0110, Unterschied +0,0010 (−0,0020 bis +0,0030): "
            "nicht besser.",
        ),
        ("a reason of the future", "a reason of the future"),
    ],
)
def test_decision_of_the_gate_is_told_in_both_languages(english: str, german: str) -> None:
    assert decision_words(english, ENGLISH) == english
    assert decision_words(english, GERMAN).replace("\u00a0", " ") == german


@pytest.mark.parametrize("key", [key for key in catalogue() if key.startswith("decisions.")])
def test_key_of_a_decision_is_its_words(key: str) -> None:
    english = re.sub(r"\{n\d\}", "0.5", str(catalogue()[key]["en"]))
    assert said("decisions", english, GERMAN) == re.sub(r"\{n\d\}", "0,5", str(catalogue()[key]["de"]))
