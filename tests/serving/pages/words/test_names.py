"""Kinds, channels and columns in words: the usual ones in every language, others by their own names."""

import pytest

from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats
from serving.pages.words.names import (
    DIRECTED,
    channel_name,
    channel_words,
    column_name,
    column_words,
    kind_noun,
    kind_words,
    plain,
    touch_words,
)

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))


@pytest.mark.parametrize(
    ("kind", "direction", "english", "german"),
    [
        ("call", "outbound", "call, out", "Anruf, von uns"),
        ("call", None, "call", "Anruf"),
        ("email_sent", "outbound", "e-mail sent", "E-Mail gesendet"),
        ("site_tour", "inbound", "site tour, in", "site tour, vom Lead"),
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


def test_names_read_as_people_write() -> None:
    assert [plain(name) for name in ("email_open", "_", "Ärger")] == ["Email open", "_", "Ärger"]


@pytest.mark.parametrize(
    ("column", "english", "german"),
    [
        ("company_size", "Company size", "Firmengröße"),
        ("Company Size", "Company Size", "Firmengröße"),
        ("favourite_colour", "Favourite colour", "Favourite colour"),
        ("<b>", "<b>", "<b>"),
    ],
)
def test_a_column_has_words(column: str, english: str, german: str) -> None:
    assert column_words(column, ENGLISH) == english
    assert column_words(column, GERMAN) == german


def test_english_sentences_have_columns_and_channels_as_the_api_has_them() -> None:
    assert column_name("company_size", ENGLISH) == "company size"
    assert channel_name("email", ENGLISH) == "email"
    assert (channel_name("email", GERMAN), channel_name("pigeon", GERMAN)) == ("E-Mail", "pigeon")
    assert (channel_words("email", ENGLISH), channel_words("pigeon", GERMAN)) == ("E-mail", "Pigeon")


def test_names_of_a_customer_stay() -> None:
    """Only words of the catalogue are translated, whatever German words a name has inside."""
    assert column_words("industry_of_partner", GERMAN) == "Industry of partner"
