"""Values in words: in English those of the API, in German with German numbers and cases."""

import pytest

from features.wording import COUNTED
from features.wording import duration as api_duration
from serving.pages.lead.feature_values import counted, duration
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats

ENGLISH, GERMAN = (Translator(Formats(language)) for language in ("en", "de"))
MINUTE = 1 / 1_440


@pytest.mark.parametrize(
    "days", [0.0, MINUTE, 1.6 * MINUTE, 119 * MINUTE, 0.09, 1.9, 2.0, 3.54, 9.94, 9.96, 4321.0]
)
def test_english_lengths_of_time_are_the_api_s(days: float) -> None:
    assert duration(ENGLISH, days) == duration(ENGLISH, days, "_dative") == api_duration(days)


def test_german_lengths_have_their_case() -> None:
    assert [duration(GERMAN, days) for days in (0.0, 1 / 24, 3.5, 1234.0)] == [
        "weniger als eine Minute",
        "60 Minuten",
        "3,5 Tage",
        "1.234 Tage",
    ]
    assert [duration(GERMAN, days, "_dative") for days in (0.0, 0.5, 3.5)] == [
        "weniger als einer Minute",
        "12 Stunden",
        "3,5 Tagen",
    ]


@pytest.mark.parametrize("unit", COUNTED)
def test_counts_have_their_forms(unit: str) -> None:
    one, many = COUNTED[unit]
    assert [counted(unit, n, ENGLISH) for n in (0, 1, 2.5, 1200)] == [
        f"no {many}",
        f"1 {one}",
        f"2.5 {many}",
        f"1,200 {many}",
    ]
    none, single, few = (counted(unit, n, GERMAN) for n in (0, 1, 2.5))
    assert none.startswith("kein")
    assert single.startswith("1 ")
    assert few.startswith("2,5 ")
