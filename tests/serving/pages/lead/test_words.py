"""Entries of a timeline in people's words, by day of the funnel's zone."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from serving.pages.lead.words import days_of, said, value_words
from serving.pages.words.catalogue import Translator
from serving.pages.words.formats import Formats

ENGLISH, GERMAN = (Translator(Formats(code, ZoneInfo("Europe/Berlin"))) for code in ("en", "de"))


def entry(kind: str, data: dict[str, Any], at: str = "2026-11-26T10:00:00Z") -> dict[str, Any]:
    return {"event_id": "e", "type": kind, "occurred_at": at, "recorded_at": at, "data": data}


@pytest.mark.parametrize(
    ("kind", "data", "english", "german"),
    [
        (
            "interaction",
            {"kind": "call", "direction": "outbound", "value": 13.0, "channel": "phone"},
            ("Call, from us, 13 minutes", "phone"),
            ("Anruf, von uns, 13 Minuten", "Telefon"),
        ),
        ("interaction", {"kind": "web_visit"}, ("Web visit", None), ("Website-Besuch", None)),
        ("stage", {"stage": "negotiation"}, ("Moved to Negotiation", "stage"), ("Weiter zu Negotiation", "Phase")),
        (
            "outcome",
            {"outcome": "won", "amount": 1200.0, "reason": "price"},
            ("Won, € 1,200, price", None),
            ("Gewonnen, 1.200 €, price", None),
        ),
        (
            "attributes",
            {"seats": 2024, "agreed": True, "plan": None},
            ("Seats: 2024; Agreed: yes; Plan: none", "change"),
            ("Lizenzen: 2024; Agreed: ja; Plan: keine", "Änderung"),
        ),
    ],
)  # fmt: skip
def test_an_entry_is_said_in_each_language(
    kind: str, data: dict[str, Any], english: tuple[str, str], german: tuple[str, str]
) -> None:
    for translate, expected in ((ENGLISH, english), (GERMAN, german)):
        words = said(entry(kind, data), translate, "EUR")
        assert (words.text.replace("\u00a0", " "), words.tag) == expected


def test_days_are_those_of_the_zone() -> None:
    times = ["2026-11-26T23:30:00Z", "2026-11-26T22:59:00Z", "2026-11-25T23:01:00Z", "2026-11-25T22:00:00Z"]
    days = days_of([entry("interaction", {"kind": "call"}, at) for at in times], ENGLISH, None)
    assert [len(day.entries) for day in days] == [1, 2, 1]
    assert [day.moment for day in days] == [times[0], times[1], times[3]]


def test_values_read_as_people_write() -> None:
    assert [value_words(value, ENGLISH) for value in ("TRUE", False, 1.5, "x", None)] == [
        "yes", "no", "1.5", "x", "none",
    ]  # fmt: skip
