"""Reasons in every language: in English the API's sentences for any feature and value, in German each of them too."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from features.attributes.combinations import Combinations
from features.catalogue import catalogue
from features.feature import Feature
from features.groups import ABOVE, BELOW, MISSING, has_groups
from features.wording import label_of, sentence
from models.reasons.evidence import Comparison, Evidence, FeatureEvidence
from serving.pages.lead.reasons import ReasonWords
from serving.pages.words.catalogue import Translator
from serving.pages.words.catalogue import catalogue as texts
from serving.pages.words.formats import Formats
from tests.builders.feature_words import words

VOCABULARY = replace(words(), combinations=Combinations((("plan", "agreed"),)))
FEATURES = {feature.name: feature for feature in catalogue(VOCABULARY)}
NUMBERS = (math.nan, 0.0, 0.0004, 0.02, 0.5, 1.0, 2.0, 3.54, 10.0, 64.0, 1234.0)
SIGNED = (*NUMBERS, -0.5, -1.0, -3.54, -20.0)


def reader(language: str, evidence: Evidence | None = None) -> ReasonWords:
    return ReasonWords(Translator(Formats(language)), FEATURES, VOCABULARY, evidence or Evidence())


def values_of(feature: Feature) -> Iterator[float]:
    """Values that the feature can have, missing ones too."""
    if feature.kind == "category":
        yield from (0.0, 1.0, 2.0)
    elif feature.unit in ("position", "weekday", "month", "hour", "week"):
        yield from ((math.nan, 1.0, 3.0) if feature.unit != "position" else (math.nan, 1.0, 3.0, 4.0))
    elif feature.unit in ("boolean", "pick"):
        yield from (math.nan, 0.0, 1.0)
    else:
        yield from SIGNED if feature.unit in ("trend", "relative_days", "signed_days") else NUMBERS


def reason_of(feature: Feature, value: float, up: bool) -> dict[str, object]:
    return {
        "feature": feature.name,
        "label": sentence(feature, value, up, VOCABULARY),
        "direction": "up" if up else "down",
        "number": None if math.isnan(value) else value,
    }


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize("name", FEATURES)
def test_english_is_what_the_api_says(name: str) -> None:
    feature, english = FEATURES[name], reader("en")
    for value in values_of(feature):
        for up in (True, False):
            reason = reason_of(feature, value, up)
            assert plain(english.sentence(reason)) == reason["label"]
    assert english.label(name, "") == label_of(feature)


@pytest.mark.parametrize("name", FEATURES)
def test_german_says_it_in_german(name: str) -> None:
    feature, german = FEATURES[name], reader("de")
    for value in values_of(feature):
        for up in (True, False):
            shown = plain(german.sentence(reason_of(feature, value, up)))
            assert shown.endswith(
                ("erhöht die Chance", "erhöhen die Chance")
                if up
                else ("senkt die Chance", "senken die Chance")
            )
            assert " the " not in shown
            assert "{" not in shown
            assert shown[0] == shown[0].upper()
    assert "{" not in german.label(name, "")


@pytest.mark.parametrize(
    ("name", "group", "split", "english", "german"),
    [
        ("interactions_7d", ABOVE, 1.0, "at least 1 interaction in the last 7 days",
         "mindestens 1 Interaktion in den letzten 7 Tagen"),
        ("interactions_7d", BELOW, 1.0, "no interactions in the last 7 days",
         "keine Interaktionen in den letzten 7 Tagen"),
        ("interactions_7d", BELOW, 4.0, "fewer than 4 interactions in the last 7 days",
         "weniger als 4 Interaktionen in den letzten 7 Tagen"),
        ("days_in_stage", BELOW, 12.0, "a stay of less than 12 days in the current stage",
         "ein Aufenthalt von weniger als 12 Tagen in der aktuellen Phase"),
        ("unanswered_hours", MISSING, 5.0, "no message waiting for our reply",
         "keine Nachricht, die auf unsere Antwort wartet,"),
        ("attr_size", ABOVE, 75.0, "size of at least 75",
         "size von mindestens 75"),
        ("attr_plan", 2, None, 'plan "x"', "plan „x“"),
        ("attr_plan", 0, None, "no plan",
         "kein Wert von plan"),
        ("attr_agreed", ABOVE, 1.0, 'agreed "yes"', "agreed „ja“"),
        ("attr_tools_has_erp", BELOW, 1.0, 'without "ERP" among tools', "tools ohne „ERP“"),
    ],
)  # fmt: skip
def test_evidence_reads_as_people_say_it(
    name: str, group: int, split: float | None, english: str, german: str
) -> None:
    comparison = Comparison(0.41, 412, 0.18, 1900)
    evidence = Evidence({name: FeatureEvidence(split, {group: comparison})})
    reason = {"feature": name, "evidence": comparison.record}
    shown = [plain(reader(language, evidence).comparison(reason) or "") for language in ("en", "de")]
    assert shown == [
        f"{english}: 41 % won, others 18 % (412 and 1,900 leads)",
        f"{german.removesuffix(',')}: 41 % gewonnen, andere 18 % (412 und 1.900 Leads)",
    ]
    assert reader("en", evidence).comparison({"feature": name}) is None
    assert reader("en", evidence).comparison({**reason, "feature": "other"}) is None
    assert reader("en", evidence).comparison({**reason, "evidence": {}}) is None


def test_every_group_of_every_feature_has_words() -> None:
    for name, feature in FEATURES.items():
        split = None if feature.kind == "category" else 1.0
        for group in (MISSING, BELOW, ABOVE) if has_groups(feature) else ():
            comparison = Comparison(0.4, 1, 0.2, 2)
            evidence = Evidence({name: FeatureEvidence(split, {group: comparison})})
            assert reader("de", evidence).comparison({"feature": name, "evidence": comparison.record})


def test_german_numbers_are_german() -> None:
    german = reader("de")
    stay = reason_of(FEATURES["days_in_stage"], 3.54, up=True)
    assert german.sentence(stay) == "Ein Aufenthalt von 3,5 Tagen in der aktuellen Phase erhöht die Chance"
    calls = reason_of(FEATURES["kind_call_30d"], 1200.0, up=False)
    assert (
        german.sentence(calls)
        == "1.200 Interaktionen der Art Anruf in den letzten 30 Tagen senken die Chance"
    )


def test_reason_without_its_number_keeps_the_words_of_the_api() -> None:
    reason = {**reason_of(FEATURES["days_in_stage"], 2.0, up=True)}
    del reason["number"]
    assert reader("de").sentence(reason) == reason["label"]
    assert reader("de").sentence({**reason, "feature": "of another model", "number": 1.0}) == reason["label"]
    assert reader("de").label("of another model", "Its name") == "Its name"


def test_every_wording_has_its_phrase() -> None:
    assert {f"reasons.phrase_{feature.wording}" for feature in FEATURES.values()} | {
        "reasons.phrase_declared"
    } == {key for key in texts() if key.startswith("reasons.phrase_")}
