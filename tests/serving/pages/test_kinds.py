"""Kinds of interactions in words: the usual ones in every language, others by their own names."""

import pytest

from serving.pages.catalogue import Translator
from serving.pages.formats import Formats
from serving.pages.kinds import DIRECTED, kind_noun, kind_words, touch_words

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))


@pytest.mark.parametrize(
    ("kind", "direction", "english", "german"),
    [
        ("call", "outbound", "call, out", "Anruf, aus"),
        ("call", None, "call", "Anruf"),
        ("email_sent", "outbound", "e-mail sent", "E-Mail gesendet"),
        ("site_tour", "inbound", "site tour, in", "site tour, ein"),
        ("<b>", None, "<b>", "<b>"),
    ],
)
def test_a_touch_has_words(kind: str, direction: str | None, english: str, german: str) -> None:
    assert touch_words(kind, direction, ENGLISH) == english
    assert touch_words(kind, direction, GERMAN) == german


def test_what_waits_for_an_answer_has_a_noun() -> None:
    assert kind_noun("email_reply", GERMAN) == "E-Mail"
    assert kind_noun("web_visit", ENGLISH) == kind_words("web_visit", ENGLISH) == "web visit"


@pytest.mark.parametrize("kind", sorted(DIRECTED))
def test_directed_kinds_have_words_of_their_own(kind: str) -> None:
    assert kind_words(kind, GERMAN) != kind.replace("_", " ")
