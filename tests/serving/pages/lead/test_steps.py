"""Next steps in every language: in English the API's words, in German each sentence too."""

from zoneinfo import ZoneInfo

import pytest

from funnel.state.attention.next_step import ACTIONS, FACTS, KIND_NOUNS, NextStep
from history.text.times import DAY_US, HOUR_US
from serving.pages.lead.steps import step_words
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats

NOW_US = 1_780_000_000_000_000
ZONE = ZoneInfo("Europe/Berlin")
VALUES = {"kind": "call", "stage": "Größe", "next_stage": "<b>", "points": 12, "before": 40, "now": 28}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("days", [-400, -7, -6, -1, 0, 1, 3, 30])
def test_english_is_what_the_api_says(action: str, days: int) -> None:
    fact = list(FACTS)[days % len(FACTS)]
    limit = abs(days) * DAY_US or HOUR_US
    moment = NOW_US + days * DAY_US
    step = NextStep(action, fact, {**VALUES, "day": moment, "by": moment, "days": abs(days), "limit": limit})
    words = step_words(step, Translator(Formats("en", ZONE)), NOW_US)
    assert words is not None
    action_text, fact_text = (text and text.replace("\u00a0", " ") for text in (words.action, words.fact))
    assert (action_text, fact_text) == step.words(NOW_US, ZONE)


def test_german_has_the_same_figures() -> None:
    step = NextStep("silent", "silent", {"days": 16, "limit": 6 * DAY_US})
    words = step_words(step, Translator(Formats("de", ZONE)), NOW_US)
    assert words is not None
    assert words.action == "Anrufen: seit 16 Tagen kein Kontakt"
    assert words.fact == "gewonnene Leads hatten hier binnen 6 Tagen wieder Kontakt"
    assert step_words(None, Translator(Formats("de", ZONE)), NOW_US) is None


@pytest.mark.parametrize("kind", [*KIND_NOUNS, "web_visit", "call", "kind_of_their_own"])
def test_kinds_have_the_api_s_nouns(kind: str) -> None:
    step = NextStep("answer", None, {"kind": kind, "day": NOW_US})
    words = step_words(step, Translator(Formats("en", ZONE)), NOW_US)
    assert words is not None
    assert words.action == step.words(NOW_US, ZONE)[0]
