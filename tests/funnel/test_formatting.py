"""Numbers as text."""

import pytest

from funnel.formatting import format_number, format_percent


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.0, "0"), (0.12345, "0.123"), (999.4, "999"), (12345.6, "12,346")]
)
def test_numbers_have_three_digits_or_thousands(value: float | None, text: str) -> None:
    assert format_number(value) == text


def test_percents_have_one_decimal() -> None:
    assert (format_percent(0.1234), format_percent(None)) == ("12.3 %", "-")
