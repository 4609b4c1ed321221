"""Figures and dates as people of a language write them, empty for missing values."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from serving.pages.words.formats import Formats

BERLIN = ZoneInfo("Europe/Berlin")
EN, DE = Formats("en", BERLIN), Formats("de", BERLIN)
SATURDAY = "2026-11-28T17:07:09.123456Z"


def plain(text: str) -> str:
    """The text with plain spaces and minus signs."""
    return text.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0.0, "0 %"), (0.1234, "12 %"), (0.0034, "0.3 %"), (0.01, "1 %"), (1.0, "100 %")],
)
def test_share_is_a_percentage(value: float | None, text: str) -> None:
    assert plain(EN.percent(value)) == text
    assert plain(DE.percent(value)) == text.replace(".", ",")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.12345, "0.123"), (999.4, "999"), (1234.5, "1,234"), (-5000, "-5,000")]
)
def test_number_has_three_digits_or_is_whole(value: float | None, text: str) -> None:
    assert plain(EN.number(value)) == text


@pytest.mark.parametrize(
    ("figure", "value", "english", "german"),
    [
        ("whole", 1234567.8, "1,234,568", "1.234.568"),
        ("points", 1.25, "+1.2", "+1,2"),
        ("points", -0.04, "-0.0", "-0,0"),
        ("whole_points", 9.4, "+9", "+9"),
        ("whole_points", -6.0, "-6", "-6"),
        ("whole_points", 0.3, "0", "0"),
        ("day", SATURDAY, "28 Nov 2026", "28. Nov. 2026"),
        ("short_day", SATURDAY, "28 Nov", "28. Nov."),
        ("weekday", SATURDAY, "Saturday, 28 Nov", "Samstag, 28. Nov."),
        ("month", "2026-11-01", "Nov 2026", "Nov. 2026"),
        ("clock", SATURDAY, "18:07", "18:07"),
        ("moment", SATURDAY, "28 Nov 2026, 18:07 CET", "28. Nov. 2026, 18:07 CET"),
        ("moment", "2026-11-28", "28 Nov 2026", "28. Nov. 2026"),
        ("moment", 1_795_885_629_000_000, "28 Nov 2026, 18:07 CET", "28. Nov. 2026, 18:07 CET"),
    ],
)
def test_figure_is_written_as_its_readers_do(figure: str, value: Any, english: str, german: str) -> None:
    assert plain(getattr(EN, figure)(value)) == english
    assert plain(getattr(DE, figure)(value)) == german
    assert getattr(EN, figure)(None) == ""


@pytest.mark.parametrize(
    ("value", "currency", "english", "german"),
    [
        (34_200.4, "EUR", "€ 34,200", "34.200 €"),
        (34_200.4, None, "34,200", "34.200"),
        (-12.6, "CHF", "-CHF 13", "-13 CHF"),
        (1_920_000.0, "EUR", "€ 1.92 M", "1,92 Mio. €"),
        (1_920_000.0, None, "1.92 M", "1,92 Mio."),
    ],
)
def test_money_has_its_currency(value: float, currency: str | None, english: str, german: str) -> None:
    assert plain(EN.short_money(value, currency)) == english
    assert plain(DE.short_money(value, currency)) == german
    assert EN.money(None, currency) == EN.short_money(None) == ""


def test_figures_do_not_break_over_lines() -> None:
    assert " " not in EN.percent(0.5) + EN.money(1234.0, "EUR") + DE.short_money(2e6, "EUR") + EN.day(
        SATURDAY
    )


@pytest.mark.parametrize(
    ("kind", "text"), [("month", "Nov 2026"), ("quarter", "Q4 2026"), ("week", "week of 1 Nov 2026")]
)
def test_period_has_its_usual_name(kind: str, text: str) -> None:
    assert plain(EN.period("2026-11-01", kind)) == text


def test_days_are_those_of_the_calendar_in_the_zone() -> None:
    late, early = "2026-11-27T23:30:00Z", "2026-11-27T22:30:00Z"  # half past midnight, half past eleven
    assert EN.days_between(late, SATURDAY) == 0
    assert EN.days_between(early, SATURDAY) == 1
    assert EN.days_between(SATURDAY, early) == -1
    assert EN.days_between("2026-11-20", SATURDAY) == 8


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        (5, "5 days ago", "vor 5 Tagen"),
        (-3, "in 3 days", "in 3 Tagen"),
        (240, "8 months ago", "vor 8 Monaten"),
    ],
)
def test_distance_is_in_words(days: int, english: str, german: str) -> None:
    assert (EN.distance(days), DE.distance(days)) == (english, german)


def test_zone_without_a_name_is_an_offset() -> None:
    assert EN.moment(SATURDAY).endswith("CET")
    assert Formats("en", ZoneInfo("America/Sao_Paulo")).moment(SATURDAY).endswith("UTC-03")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0.0"),
        (0.834, "0.8"),
        (0.0, "0"),
        (3.0, "3"),
        (9.94, "9.9"),
        (9.96, "10"),
        (1234.5, "1,234"),
        (None, ""),
    ],
)
def test_wins_are_as_precise_as_people_say_them(value: float | None, text: str) -> None:
    assert Formats("en").wins(value) == text
