"""Amounts of opportunities in one currency: the organisation's own, by its base columns or rates."""

from typing import Final

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts, Money, in_one_currency, numbers
from connectors.deals.deals import WON
from connectors.dynamics.guids import Text, guid, links
from connectors.dynamics.org import Org, is_given
from connectors.dynamics.stages import states
from connectors.reading.export import Export, column
from connectors.reading.values import read_numbers

# Names of currencies as Dynamics has them, for views, which have no codes.
CODES: Final = {
    "euro": "EUR", "us dollar": "USD", "pound sterling": "GBP", "british pound": "GBP", "japanese yen": "JPY",
    "swiss franc": "CHF", "swedish krona": "SEK", "norwegian krone": "NOK", "danish krone": "DKK", "zloty": "PLN",
    "polish zloty": "PLN", "czech koruna": "CZK", "canadian dollar": "CAD", "australian dollar": "AUD",
    "brazilian real": "BRL", "indian rupee": "INR", "hungarian forint": "HUF", "yuan renminbi": "CNY",
}  # fmt: skip


def read_amounts(org: Org) -> Amounts:
    """The actual revenue of won opportunities and the estimated one of the others.

    Without the column of actual revenue the estimated one counts for all; Dynamics proposes it when a deal is won.
    """
    export, current = org.export, org.opportunities
    won = (states(org) == WON) & is_given(export, "actualvalue")
    amount, converted = (
        np.where(
            won,
            numbers(export, current, f"actualvalue{suffix}", "opportunity"),
            numbers(export, current, f"estimatedvalue{suffix}", "opportunity"),
        )
        for suffix in ("", "_base")
    )
    by_key, rates = _currencies(export)
    named = links(current, "transactioncurrencyid").named(by_key)
    codes = [by_key.get(name or "") or CODES.get((name or "").casefold()) or name for name in named]
    rate = read_numbers(column(current, "exchangerate"), ".").value
    by_rate = np.divide(amount, rate, out=np.full(len(amount), np.nan), where=rate > 0)
    money = Money(
        amount=amount,
        codes=pa.array(codes, pa.string()),
        converted=np.round(np.where(np.isfinite(converted), converted, by_rate), 2).astype(np.float64),
        home=_home(codes, rate.tolist(), rates),
        rates=rates,
        name="opportunity.estimatedvalue",
        mend="export the columns actualvalue_base, estimatedvalue_base or exchangerate too",
        texts=column(current, "estimatedvalue"),
    )
    amounts = in_one_currency(money, export.options.currency)
    unknown = int((np.isfinite(amount) & ~np.isfinite(amounts.value)).sum())
    if unknown:
        export.notes.append(f"Amounts in a currency without a rate, which count as unknown: {unknown:,}.")
    return amounts


def _home(codes: list[Text], rate: list[float], rates: dict[str, float]) -> Text:
    """The organisation's own currency: that of opportunities, or in the table of currencies, with the rate 1."""
    own = [code for code, value in zip(codes, rate, strict=True) if code and value == 1.0]
    return next(iter([*own, *(code for code, value in rates.items() if value == 1.0)]), None)


def _currencies(export: Export) -> tuple[dict[str, str], dict[str, float]]:
    """The code of each currency by its id and its name, and units of it for one of the organisation's own."""
    table = export.table("transactioncurrency")
    export.use(table)
    codes = column(table, "isocurrencycode").to_pylist()
    ids = [guid(text) for text in column(table, "transactioncurrencyid").to_pylist()]
    names = column(table, "currencyname").to_pylist()
    rates = read_numbers(column(table, "exchangerate"), ".").value.tolist()
    by_key = {
        key: code for keys in (names, ids) for key, code in zip(keys, codes, strict=True) if key and code
    }
    return by_key, {code: rate for code, rate in zip(codes, rates, strict=True) if code and rate > 0}
