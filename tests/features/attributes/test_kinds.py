"""Kinds of columns, and how their numbers and dates are written: inferred only if the whole column leaves no choice."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.attributes.kinds import Hints, Reading, form_of, infer, words_for

UTC = ZoneInfo("UTC")
Draw = Callable[[np.random.Generator], str]


def _infer(texts: list[str]) -> tuple[str, str]:
    return infer(texts, np.ones(len(texts), dtype=np.int64), UTC)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["0", "1"], "boolean"),
        (["True", "false"], "boolean"),
        (["1", "2", "3.5"], "number"),
        (["2012", "2013"], "number"),
        (["01", "02", "10"], "category"),
        (["2024-01-01", "2024-01-02T10:00:00+01:00"], "date"),
        (["a", "1"], "category"),
        (["yes", "no"], "category"),
        ([], "category"),
    ],
)
def test_the_kind_fits_the_texts(texts: list[str], kind: str) -> None:
    assert _infer(texts) == (kind, "")


def test_one_odd_value_in_two_hundred_does_not_change_the_kind() -> None:
    assert infer(["5", "7", "n/a"], np.array([100, 99, 1]), UTC).kind == "number"
    assert infer(["5", "7", "n/a"], np.array([50, 40, 10]), UTC).kind == "category"


def _amount(rng: np.random.Generator) -> float:
    return round(float(np.exp(rng.normal(7, 1.5))), 2)


def _german(value: float) -> str:
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def _day(rng: np.random.Generator) -> tuple[int, int, int]:
    return int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(2024, 2027))


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WRITTEN: dict[str, tuple[Draw, str, str]] = {
    "dollars": (lambda rng: f"${_amount(rng):,.2f}", "number", ".usd"),
    "euros": (lambda rng: f"{_german(_amount(rng))} €", "number", ",eur"),
    "codes": (lambda rng: f"USD {int(_amount(rng))}", "number", ".usd"),
    "no unit": (lambda rng: _german(_amount(rng)), "number", ","),
    "francs": (lambda rng: f"CHF {_amount(rng):,.2f}".replace(",", "'"), "number", ".chf"),
    "some without a currency": (
        lambda rng: f"{'$' * int(rng.random() < 0.7)}{_amount(rng):,.2f}",
        "number",
        ".usd",
    ),
    "losses": (
        lambda rng: f"({_amount(rng):,.2f})" if rng.random() < 0.3 else f"{_amount(rng):,.2f}",
        "number",
        ".",
    ),
    "percents": (lambda rng: f"{rng.integers(0, 100)} %", "number", ".%"),
    "magnitudes": (lambda rng: f"{rng.integers(1, 99) / 10} {rng.choice(['k', 'M'])}", "number", "."),
    "millions": (lambda rng: f"{rng.integers(1, 99) / 10} Mio. €".replace(".", ",", 1), "number", ",eur"),
    "people": (lambda rng: f"{rng.integers(1, 900)} people", "number", ".people"),
    "blanks": (
        lambda rng: f"{1000 + _amount(rng):,.2f}".replace(",", "\u00a0").replace(".", ","),
        "number",
        ",",
    ),
    "points": (lambda rng: "{:02}.{:02}.{}".format(*_day(rng)), "date", "local"),
    "day first": (lambda rng: "{}/{}/{}".format(*_day(rng)), "date", "day first"),
    "month first": (lambda rng: "{1}/{0}/{2} 2:05 PM".format(*_day(rng)), "date", "month first"),
    "names": (lambda rng: f"{_day(rng)[0]} {MONTHS[_day(rng)[1] - 1]} {_day(rng)[2]}", "date", "local"),
}
CATEGORIES: dict[str, Draw] = {
    "one of two marks": lambda rng: f"{rng.integers(1, 9)},{rng.integers(100, 999)}",
    "two currencies": lambda rng: f"{rng.choice(['EUR', 'USD'])} {int(_amount(rng))}",
    "some percents": lambda rng: f"{rng.integers(1, 99)}{'%' * int(rng.random() < 0.5)}",
    "two units": lambda rng: f"{rng.integers(1, 9)} {rng.choice(['days', 'weeks'])}",
    "tiers": lambda rng: f"Tier {rng.integers(1, 9)}",
    "stars": lambda rng: f"{rng.integers(1, 4)} stars",
    "ranges": lambda rng: str(rng.choice(["1-10", "11-50", "51-200", "200+"])),
    "postcodes": lambda rng: f"{rng.integers(1000, 9999)} {rng.choice(['AB', 'CD', 'XY'])}",
    "codes": lambda rng: f"{rng.integers(1, 999):05d}",
    "phones": lambda rng: f"{rng.integers(30, 99):03d} {rng.integers(100, 999)} {rng.integers(100, 999)}",
    "open days": lambda rng: f"{rng.integers(1, 13)}/{rng.integers(1, 13)}/2026",
    "both orders": lambda rng: str(rng.choice(["13/1/2026", "1/13/2026", "2/3/2026"])),
    "versions": lambda rng: f"v{rng.integers(1, 9)}.{rng.integers(1, 9)}",
    "quarters": lambda rng: f"Q{rng.integers(1, 5)} 2026",
    "words": lambda rng: str(rng.choice(["march", "may", "2 of 3"])),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_written_numbers_and_dates_are_recognised(name: str) -> None:
    draw, kind, form = WRITTEN[name]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        assert _infer([draw(rng) for _ in range(400)]) == (kind, form)


@pytest.mark.parametrize("name", CATEGORIES)
def test_open_columns_and_categories_stay_categories(name: str) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        assert _infer([CATEGORIES[name](rng) for _ in range(400)]) == ("category", "")


@pytest.mark.parametrize(
    ("kind", "form", "words"),
    [
        ("number", "", ""),
        ("number", ",eur", "decimal comma, EUR"),
        ("number", ".people", "decimal point, people"),
        ("number", ".", "decimal point"),
        ("date", "local", "local dates"),
        ("date", "day first", "local dates, day first"),
        ("set", ";", "separated by semicolons"),
        ("set", "|", "separated by '|'"),
    ],
)
def test_words_for_the_way_a_column_is_written(kind: str, form: str, words: str) -> None:
    assert words_for(Reading(kind, form)) == words


def _hinted(texts: list[str], hints: Hints) -> tuple[str, str]:
    return infer(texts, np.ones(len(texts), dtype=np.int64), UTC, hints)


def test_hints_settle_what_a_column_leaves_open() -> None:
    open_mark, open_days = ["1,250", "12,500"], ["3/4/2026", "5/6/2026"]
    assert _hinted(open_mark, Hints(mark=",")) == ("number", ",")
    assert _hinted(open_mark, Hints(mark=".")) == ("number", ".")
    assert _hinted(["1.250", "12.500"], Hints(mark=",")) == ("number", ",")
    assert _hinted(open_days, Hints(order="month first")) == ("date", "month first")


def test_evidence_of_a_column_comes_before_hints() -> None:
    assert _hinted(["1.25", "12.500"], Hints(mark=",")) == ("number", "")
    assert _hinted(["1,234.50"], Hints(mark=",")) == ("number", ".")
    assert _hinted(["7", "12"], Hints(mark=",")) == ("number", "")
    assert _hinted(["13/4/2026"], Hints(order="month first")) == ("date", "day first")


@pytest.mark.parametrize(
    ("kind", "texts", "form"),
    [
        ("number", ["1,5", "2"], ","),
        ("number", ["$5", "n/a", "$7.50"], ".usd"),
        ("number", ["5", "n/a"], ""),
        ("date", ["13/4/2026", "n/a"], "day first"),
        ("date", ["2026-03-04"], ""),
        ("category", ["1,5"], ""),
    ],
)
def test_form_of_a_configured_kind(kind: str, texts: list[str], form: str) -> None:
    assert form_of(kind, texts, np.ones(len(texts), dtype=np.int64)) == form
