"""Amounts in one currency: as the system converted them, else by its rates, else those of one alone."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from connectors.deals.amounts import Money, in_one_currency, numbers
from history.base.errors import InvalidInput
from tests.builders.exports.small import export_of


def money(
    codes: list[str | None], rates: dict[str, float] | None = None, converted: list[float] | None = None
) -> Money:
    n = len(codes)
    return Money(
        amount=np.full(n, 100.0),
        codes=pa.array(codes, pa.string()),
        converted=np.array(converted or [math.nan] * n),
        home="EUR",
        rates=rates or {},
        name="Deal.Amount",
        mend="export the rates too",
    )


@pytest.mark.parametrize("codes", [["EUR", "EUR"], ["EUR", None], [None, None]])
def test_one_currency_needs_no_rate(codes: list[str | None]) -> None:
    amounts = in_one_currency(money(codes), None)
    assert amounts.value.tolist() == [100.0, 100.0]
    assert amounts.currency == codes[0]


def test_currencies_without_rates_are_refused_with_the_mend() -> None:
    with pytest.raises(
        InvalidInput, match=r"Deal\.Amount is in 2 currencies \(EUR, JPY\).*export the rates too"
    ):
        in_one_currency(money(["EUR", "JPY"]), None)


def test_signs_tell_the_currencies_of_an_export_without_codes() -> None:
    """Euros and dollars in one column were added up."""
    mixed = replace(money([None, None]), texts=pa.array(["1.200,50 EUR", "$5,000.25"]))
    with pytest.raises(InvalidInput, match=r"Deal\.Amount is in 2 currencies \(EUR, USD\)"):
        in_one_currency(mixed, None)
    assert in_one_currency(mixed, "EUR").value.tolist() == pytest.approx([100.0, math.nan], nan_ok=True)
    one = replace(mixed, texts=pa.array(["$1,200.50", "$5,000.25"]))
    assert in_one_currency(one, None).currency is None


def test_chosen_currency_keeps_its_own_amounts_alone() -> None:
    amounts = in_one_currency(money(["EUR", "JPY", None]), "JPY")
    assert amounts.currency == "JPY"
    np.testing.assert_array_equal(amounts.value, [math.nan, 100.0, math.nan])


@pytest.mark.parametrize(("chosen", "values"), [(None, [100.0, 0.62]), ("JPY", [16_000.0, 100.0])])
def test_rates_convert_to_the_home_or_the_chosen_currency(chosen: str | None, values: list[float]) -> None:
    amounts = in_one_currency(money(["EUR", "JPY"], {"EUR": 1.0, "JPY": 160.0}), chosen)
    assert amounts.value.tolist() == pytest.approx(values, abs=0.01)
    assert amounts.currency == (chosen or "EUR")


def test_amounts_converted_by_the_system_come_before_its_rates() -> None:
    amounts = in_one_currency(money(["EUR", "JPY"], {"EUR": 1.0, "JPY": 160.0}, [100.0, 0.7]), None)
    assert amounts.value.tolist() == [100.0, 0.7]
    assert amounts.factor.tolist() == pytest.approx([1.0, 0.007])


def test_amount_in_scientific_notation_is_one_and_noted(tmp_path: Path) -> None:
    rows = "1,2.19E+10,2026-01-01\n2,300,2026-01-01\n3,1e3,2026-01-01\n"
    export = export_of(tmp_path / "deals.csv", "Id,Amount,Created\n" + rows)
    assert numbers(export, export.table("Deal"), "Amount", "Deal").tolist() == [2.19e10, 300.0, 1000.0]
    ((note, count),) = export.tallies.items()
    assert note.startswith("amounts of Deal.Amount are in scientific notation")
    assert count == 2
