"""Numbers as people write them: taken apart into digits, magnitude, sign and unit."""

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.text.written_numbers import decimal_mark, taken_apart, value_of


@pytest.mark.parametrize(
    ("text", "mark", "value", "unit"),
    [
        ("$1,234.00", ".", 1234, "usd"), ("1.234,50 EUR", ",", 1234.5, "eur"), ("(500)", ".", -500, ""),
        ("1,2 Mio", ",", 1_200_000, ""), ("12 %", ".", 12, "%"), ("2500 people", ".", 2500, "people"),
        ("CHF 1'200.50", ".", 1200.5, "chf"), ("500-", ".", -500, ""), ("-$5", ".", -5, "usd"),
        ("$ -5", ".", -5, "usd"), ("€ 500,-", ",", 500, "eur"), ("5 k€", ".", 5000, "eur"),
        ("12 TEUR", ".", 12_000, "eur"), ("1.2M", ".", 1_200_000, ""), ("$1.2m", ".", 1_200_000, "usd"),
        ("12 m", ".", 12, "m"), ("2.5 bn USD", ".", 2.5e9, "usd"), ("₹ 1,23,456.00", ".", 123_456, "inr"),
        ("1\u00a0234,5\u202f€", ",", 1234.5, "eur"), ("(1,500.00)", ".", -1500, ""), ("3 days", ".", 3, "day"),
        ("US$ 7", ".", 7, "usd"), ("R$ 1.200,00", ",", 1200, "brl"),
    ],
)  # fmt: skip
def test_number_with_its_unit(text: str, mark: str, value: float, unit: str) -> None:
    written = taken_apart(text)
    assert written is not None
    assert (value_of(written, mark), written.unit) == (value, unit)


@pytest.mark.parametrize(
    "text",
    ["", "many", "Tier 1", "1-50", "200+", "12 34", "v1.2", "Q1", "12:30", "2026-01-01", "1.2.3-4", "(030) 12", "1/2",
     "+49 170 1234567", "9" * 50],
)  # fmt: skip
def test_other_texts_are_no_numbers(text: str) -> None:
    assert taken_apart(text) is None


@pytest.mark.parametrize(
    ("text", "mark"), [("1,5", "."), ("1.50.20", "."), ("1,50,20", ","), ("1,2345", ".")]
)
def test_number_of_the_other_mark_is_not_read(text: str, mark: str) -> None:
    written = taken_apart(text)
    assert written is not None
    assert isnan(value_of(written, mark))


@given(st.decimals(-(10**9), 10**9, places=2))
def test_written_amounts_read_back(amount: object) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text, mark in ((f"${english}", "."), (f"{german} €", ",")):
        written = taken_apart(text)
        assert written is not None
        assert value_of(written, mark) == float(str(amount))


@pytest.mark.parametrize(
    ("texts", "mark"),
    [(["1,5", "2"], ","), (["1.234"], None), (["1.234", "1,5"], ","), (["1.5", "1,5"], None), (["7"], ".")],
)
def test_decimal_mark_by_the_whole_column(texts: list[str], mark: str | None) -> None:
    assert decimal_mark(texts) == mark
