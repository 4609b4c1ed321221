"""Refusals in the reader's language: in English the API's words, in German each that a page can cause."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.base.instant import FORM
from serving.base.problems import Problem, invalid
from serving.pages.words.catalogue import Translator, catalogue
from serving.pages.words.formats import Formats
from serving.pages.words.refusals import detail_words, fault_words, field_words
from tests.builders.pages.html_page import Page

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))
HTML = {"accept": "text/html"}
SENTENCES = [
    key for key in catalogue() if re.match(r"refusals\.(?!problem_|field_|expected$|unknown_key$)", key)
]


def fault(message: str, *place: str) -> dict[str, Any]:
    return {"msg": message, "loc": place or ("body",)}


@pytest.mark.parametrize("key", SENTENCES)
def test_key_of_a_sentence_is_its_words(key: str) -> None:
    english = catalogue()[key]["en"]
    assert isinstance(english, str)
    message = re.sub(r"\{n\d\}", "1,234", english)
    assert fault_words(fault(message), ENGLISH) == message
    german = fault_words(fault(message), GERMAN)
    assert not re.search(r"\b(expected|the|or|and|not)\b", german)
    assert german == re.sub(r"\{n\d\}", "1.234", str(catalogue()[key]["de"]))


@pytest.mark.parametrize(
    ("message", "german"),
    [
        ("expected A, B, C, D", "erwartet: A, B, C, D"),
        ("unknown key; did you mean grade?", "unbekannt; gemeint ist vielleicht grade"),
        ("a fault of the future", "a fault of the future"),
    ],
)
def test_words_of_a_list_stay(message: str, german: str) -> None:
    assert fault_words(fault(message), GERMAN) == german
    assert fault_words(fault(message), ENGLISH) == message


def test_time_that_cannot_be_read_has_its_form() -> None:
    assert "erwartet ist ein Datum" in fault_words(fault(FORM), GERMAN)


def test_field_is_named_as_its_form_names_it() -> None:
    until = fault("missing", "body", "until")
    assert (field_words(until, ENGLISH), field_words(until, GERMAN)) == ("until", "Bis")
    assert field_words(fault("missing", "body", "industry"), GERMAN) == "Branche"
    assert field_words(fault("missing"), GERMAN) == ""


def test_detail_is_german_if_its_kind_is_known() -> None:
    known, unknown = invalid([fault("missing")]), Problem(409, "of-the-future", "A detail.")
    assert detail_words(known, ENGLISH) == "The request has one problem."
    assert detail_words(known, GERMAN) == "Etwas daran stimmt nicht:"
    assert detail_words(unknown, GERMAN) == detail_words(unknown, ENGLISH) == "A detail."


@pytest.mark.parametrize(
    "path",
    [
        "/?grade=Z", "/?capacity=many", "/?limit=0", "/?limit=1&limit=2", "/?gradee=A", "/?snoozed=perhaps",
        "/forecast?period=fortnight", "/forecast?periods=0", "/forecast?as_of=soon", "/funnel?from=1800-01-01",
        "/?q=" + "a" * 2_000,
    ],
)  # fmt: skip
def test_address_is_refused_in_german(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={**HTML, "accept-language": "de"})
    assert answer.status_code == 422
    words = Page(answer.text).words
    assert "Etwas daran stimmt nicht" in words
    assert not re.search(r"\b(expected|unknown|longer|given|the)\b", words)
