"""Attribute texts: one reading from every door, and kinds inferred from the texts of a column."""

import math
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.parsing import boolean, canonical, instants, number

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("3", "3"), ("3.0", "3"), ("3.50", "3.5"), ("-2.00", "-2"), ("-0.0", "0"), ("01", "01"), ("01.0", "01.0"),
        ("1.2.0", "1.2.0"), ("v1.0", "v1.0"), ("true", "true"), ("True", "true"), ("TRUE", "true"), ("False", "false"),
        ("yes", "yes"), ("0.10", "0.1"), ("100", "100"), ("12345678901234567890.0", "12345678901234567890"),
    ],
)  # fmt: skip
def test_a_category_has_one_text(text: str, one: str) -> None:
    assert canonical(text) == one


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**18), 10**18))
def test_canonical_keeps_the_number_and_settles_at_once(value: float | int) -> None:
    text = canonical(str(value))
    assert canonical(text) == text
    assert float(text) == float(value)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "-inf", "1e999", "1_000", "1,5", "0x10"])
def test_a_text_without_a_finite_number_is_missing(text: str) -> None:
    assert math.isnan(number(text))


def test_booleans_are_read_in_any_spelling_and_case() -> None:
    assert [boolean(t) for t in ("true", "TRUE", "1", "1.0", "Yes", "t")] == [1] * 6
    assert [boolean(t) for t in ("false", "False", "0", "0.0", "NO", "n")] == [0] * 6
    assert all(math.isnan(boolean(t)) for t in ("2", "maybe", "", "01"))


def test_few_dates_and_many_are_read_equally() -> None:
    zone = ZoneInfo("Europe/Berlin")
    texts = ["2024-03-31 02:30", "2024-10-27 02:30", "2024-01-01", "2024-01-01T00:00:00Z", "soon", "2024"] * 4
    assert instants(texts, zone) == [time for text in texts for time in instants([text], zone)]


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("2,500", "", 2500), ("2500 people", "", 2500), ("$6,500.00", "", 6500), ("6500", ".usd", 6500),
        ("$6,500.00", ".usd", 6500), ("1.234", "", 1.234), ("1.234", ",eur", 1234), ("1.234,50 EUR", ",eur", 1234.5),
        ("12.5", ",eur", 12.5), ("12 %", ".%", 12), ("1,2 Mio", ",", 1_200_000), ("7", ",", 7),
        ("-1e3", "", -1000),
    ],
)  # fmt: skip
def test_numbers_are_read_as_the_column_writes_them(text: str, form: str, value: float) -> None:
    assert number(text, form) == value


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2,5", ""),
        ("540 EUR", ".usd"),
        ("12", ".%"),
        ("12 %", ""),
        ("true", ""),
        ("many", ".usd"),
        ("1_000", ""),
    ],
)
def test_unclear_numbers_are_not_read(text: str, form: str) -> None:
    assert math.isnan(number(text, form))


@pytest.mark.parametrize(
    ("text", "form", "iso"),
    [
        ("7 Mar 2026", "", "2026-03-07"), ("31.12.2026", "", "2026-12-31"), ("12/31/2026", "", "2026-12-31"),
        ("3/4/2026", "day first", "2026-04-03"), ("3/4/2026", "month first", "2026-03-04"),
        ("2026-03-04", "day first", "2026-03-04"),
    ],
)  # fmt: skip
def test_dates_are_read_as_the_column_writes_them(text: str, form: str, iso: str) -> None:
    expected = instants([iso], UTC)
    assert instants([text], UTC, form) == expected
    assert instants([text] * 20, UTC, form) == expected * 20


def test_unclear_dates_are_not_read() -> None:
    assert instants(["3/4/2026", "31.31.2026", "99/99/2026"], UTC) == [None] * 3
