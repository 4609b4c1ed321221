"""Causes and suggestions in every language: in English the words of the API."""

from typing import Any

import pytest

from serving.pages.lead.told import act_words, cause_words
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        ({"sentence": "days", "n": 1}, "1 day passed", "1 Tag vergangen"),
        ({"sentence": "days", "n": 12}, "12 days passed", "12 Tage vergangen"),
        ({"sentence": "model", "version": "7"}, "model 7", "Modell 7"),
        (
            {"sentence": "interaction_by", "kind": "ad_view", "channel": "ads"},
            "ad view by ads",
            "Anzeige gesehen über Anzeigen",
        ),
        ({"sentence": "interaction", "kind": "email_reply"}, "email reply", "E-Mail-Antwort"),
        ({"sentence": "interaction", "kind": "<b>{x}"}, "<b>{x}", "<b>{x}"),
        ({"sentence": "stage", "stage": "Größe"}, "entered stage Größe", "Phase Größe erreicht"),
        ({"sentence": "change", "attribute": "deal_size"}, "deal size changed", "deal size geändert"),
    ],
)
def test_cause_is_said_in_both_languages(said: dict[str, Any], english: str, german: str) -> None:
    assert [cause_words({"said": said}, language) for language in (ENGLISH, GERMAN)] == [english, german]


def test_cause_of_an_earlier_version_keeps_its_label() -> None:
    assert cause_words({"label": "2 days passed"}, GERMAN) == "2 days passed"


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        (
            {"sentence": "answer", "asked": "email_reply", "days": 27.2, "kind": "email_sent"},
            "Answer the lead's e-mail of 27 days ago: e-mail now",
            "E-Mail des Leads von vor 27 Tagen beantworten: jetzt E-Mail",
        ),
        (
            {"sentence": "touch", "kind": "social_message"},
            "Social message from us now",
            "Nachricht von uns, jetzt",
        ),
        ({"sentence": "yes", "attribute": "budget_agreed"}, "budget agreed: yes", "budget agreed: ja"),
    ],
)
def test_act_is_said_in_both_languages(said: dict[str, Any], english: str, german: str) -> None:
    assert [act_words({"said": said}, language) for language in (ENGLISH, GERMAN)] == [english, german]
