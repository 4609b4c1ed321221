"""Typed values and their texts: equal numbers have one text, which reads back as the number."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.text.values import number_text, value_text


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**30), 10**30)))
def test_number_text_reads_back_without_an_exponent(number: float) -> None:
    text = number_text(number)
    assert type(number)(text) == number
    assert "e" not in text
    assert text != "-0"


@given(st.integers(-(2**53), 2**53))
def test_equal_numbers_of_any_type_have_one_text(number: int) -> None:
    texts = {number_text(number), number_text(float(number)), number_text(Decimal(number))}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("number", "text"),
    [(3.0, "3"), (2.5, "2.5"), (1e-7, "0.0000001"), (-0.0, "0"), (Decimal("1.50"), "1.5"), (Decimal("-0.0"), "0"),
     (Decimal("1E+2"), "100"), (float("inf"), "inf")],
)  # fmt: skip
def test_number_text_is_the_shortest(number: float | Decimal, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), ("", None), (float("nan"), None), (" \u00a0", None), (" a", " a"), (True, "true"), (False, "false"),
     (date(2026, 1, 31), "2026-01-31"), (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00Z"),
     (datetime(2026, 1, 31, 9), "2026-01-31T09:00:00")],  # noqa: DTZ001
)  # fmt: skip
def test_value_has_one_text_or_is_missing(value: object, text: str | None) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize("value", [["a"], {"a": 1}, b"a"])
def test_list_is_not_a_value(value: object) -> None:
    with pytest.raises(TypeError, match=f"{type(value).__name__} is not a number, text"):
        value_text(value)
