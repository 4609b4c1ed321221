"""Names of currency columns and of converted amounts, and currencies in amounts."""

import pytest

from history.text.currency_words import currency_in, is_converted, is_currency_name


@pytest.mark.parametrize(
    "name", ["CurrencyIsoCode", "deal_currency_code", "Währung", "Transaction Currency", "devise"]
)
def test_currency_column_is_recognised(name: str) -> None:
    assert is_currency_name(name)


@pytest.mark.parametrize(
    "name", ["amount_in_home_currency", "Currency Rate", "value (currency)", "source", "current"]
)
def test_other_column_is_not_taken_for_it(name: str) -> None:
    assert not is_currency_name(name)


@pytest.mark.parametrize(
    "name", ["Amount (converted)", "amount_in_home_currency", "actualvalue_base", "amount_eur"]
)
def test_converted_amount_is_recognised(name: str) -> None:
    assert is_converted(name)


@pytest.mark.parametrize("name", ["amount", "Amount", "deal value", "database_id", ""])
def test_plain_amount_is_not_converted(name: str) -> None:
    assert not is_converted(name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("$1,200", "USD"),
        ("1.234,50 €", "EUR"),
        ("USD 540", "USD"),
        ("A$5", "AUD"),
        ("120 zł", "PLN"),
        ("12 ABC", None),
    ],
)
def test_currency_of_an_amount(text: str, code: str | None) -> None:
    assert currency_in(text) == code
