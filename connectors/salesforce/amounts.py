"""Amounts of opportunities in one currency."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.export import Export, booleans, column
from connectors.salesforce.org import Org
from connectors.values import decimal_mark, read_numbers
from history.arrays import Floats
from history.errors import InvalidInput


@dataclass(frozen=True)
class Amounts:
    """Amounts (n,) of the opportunities, NaN if unknown; their currency, None if the export names none; and by what
    each opportunity's own amounts are multiplied (n,), NaN where that is unknown.
    """

    value: Floats
    currency: str | None
    factor: Floats


def read_amounts(org: Org) -> Amounts:
    """The amounts in one currency: by the export's converted column, else by its rates, else of --currency alone.

    Raises InvalidInput for several currencies without any of these.
    """
    current, chosen = org.opportunities, org.export.options.currency
    codes = column(current, "CurrencyIsoCode")
    currencies = sorted(value for value in pc.unique(codes).to_pylist() if value)
    rates = _rates(org.export)
    amount = numbers(org.export, current, "Amount", "Opportunity")
    if len(currencies) <= 1 and not (chosen and currencies and chosen != currencies[0]):
        only = chosen or (currencies[0] if currencies else None)
        return Amounts(amount, only, np.ones(len(amount), dtype=np.float64))
    if column(current, "AmountConverted").null_count < len(current):
        return _converted(org, amount)
    if all(rates.by_code.get(code, 0.0) > 0 for code in currencies):
        return _by_rate(codes, amount, rates, chosen)
    if chosen:
        is_chosen = pc.fill_null(pc.equal(codes, chosen), False).to_numpy(zero_copy_only=False)
        factor = np.where(is_chosen, 1.0, np.nan)
        return Amounts(amount * factor, chosen, factor)
    raise InvalidInput(
        f"Opportunity.Amount is in {len(currencies)} currencies ({', '.join(currencies)}) and the export has no rates: "
        "export the table CurrencyType or the column 'Amount (converted)' too, or keep the amounts of one by "
        f"--currency {currencies[0]}; the others count as unknown."
    )


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


def _by_rate(codes: pa.Array, amount: Floats, rates: _Rates, chosen: str | None) -> Amounts:
    target = chosen or rates.corporate
    scale = rates.by_code.get(target or "", 1.0)
    factors = {code: scale / rate for code, rate in rates.by_code.items() if rate > 0}
    factor = np.array([factors.get(code, np.nan) for code in codes.to_pylist()], dtype=np.float64)
    return Amounts(np.round(amount * factor, 2), target, factor)


def _converted(org: Org, amount: Floats) -> Amounts:
    current = org.opportunities
    total = numbers(org.export, current, "AmountConverted", "Opportunity")
    names = [code for code in pc.unique(column(current, "AmountConvertedCurrency")).to_pylist() if code]
    factor = np.full(len(amount), np.nan)
    np.divide(total, amount, out=factor, where=amount > 0)
    return Amounts(total, names[0] if len(names) == 1 else org.export.options.currency, factor)


def numbers(export: Export, table: pa.Table, name: str, kind: str) -> Floats:
    """A column of amounts; raises InvalidInput if its decimal mark is open."""
    array = column(table, name)
    read = read_numbers(array, export.options.decimal)
    unread = read.given & ~read.good
    if unread.any() and export.options.decimal is None:
        examples = [str(text) for text in array.filter(pa.array(unread)).to_pylist()]
        if decimal_mark([re.sub(r"[^0-9.,]", "", text) for text in examples]) is None:
            raise InvalidInput(
                f"{kind}.{name}: {examples[0]!r} may have thousands or decimals; no value decides it. "
                'Put these lines into a file and add --mapping FILE: [formats] decimal = "." or decimal = ",".'
            )
    return np.asarray(np.where(read.good, read.value, np.nan))
