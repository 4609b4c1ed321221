"""Amounts of opportunities in one currency."""

from dataclasses import dataclass

import pyarrow.compute as pc

from connectors.deals.amounts import Amounts, Money, in_one_currency, numbers
from connectors.reading.export import Export, booleans, column
from connectors.reading.values import read_numbers
from connectors.salesforce.org import Org


def read_amounts(org: Org) -> Amounts:
    """The amounts in one currency: by the export's converted column, else by its rates, else of --currency alone."""
    current, chosen = org.opportunities, org.export.options.currency
    rates = _rates(org.export)
    codes = [code for code in pc.unique(column(current, "AmountConvertedCurrency")).to_pylist() if code]
    converted = numbers(org.export, current, "AmountConverted", "Opportunity")
    is_converted = column(current, "AmountConverted").null_count < len(current)
    money = Money(
        amount=numbers(org.export, current, "Amount", "Opportunity"),
        codes=column(current, "CurrencyIsoCode"),
        converted=converted,
        home=(codes[0] if len(codes) == 1 else chosen) if is_converted else rates.corporate,
        rates=rates.by_code,
        name="Opportunity.Amount",
        mend="export the table CurrencyType or the column 'Amount (converted)' too",
        texts=column(current, "Amount"),
    )
    return in_one_currency(money, chosen)


@dataclass(frozen=True)
class _Rates:
    """Units of each currency for one of the corporate currency, and which that is."""

    by_code: dict[str, float]
    corporate: str | None


def _rates(export: Export) -> _Rates:
    table = export.table("CurrencyType")
    export.use(table)
    codes = column(table, "IsoCode").to_pylist()
    values = read_numbers(column(table, "ConversionRate"), ".").value.tolist()
    is_corporate, _ = booleans(column(table, "IsCorporate"))
    marked = [code for code, mark in zip(codes, is_corporate.tolist(), strict=True) if mark]
    by_code = dict(zip(codes, values, strict=True))
    at_one = [code for code, rate in by_code.items() if rate == 1]
    return _Rates(by_code, next(iter(marked + at_one), None))
