"""Currencies of leads: their codes by company, and the latest rate of each."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.deals.amounts import Amounts, Money, in_one_currency, numbers
from connectors.deals.deals import NO_TIME
from connectors.odoo.crm import Crm
from connectors.odoo.relations import Text, record_id, references, texts
from connectors.reading.export import Export, column
from connectors.reading.values import read_numbers


@dataclass(frozen=True)
class _Currencies:
    """code by id, code by a company's id or name, and units of each currency for one of the home currency."""

    codes: dict[str, str]
    of_company: dict[str, str]
    rates: dict[str, float]
    home: Text


def read_amounts(crm: Crm) -> Amounts:
    """The expected revenue of each lead in one currency: by the rates of the export, else by --currency alone.

    Odoo has no empty amounts: 0 is an unknown one.
    """
    export = crm.export
    currencies = _read_currencies(export)
    amount = numbers(export, crm.leads, "expected_revenue", "crm.lead")
    money = Money(
        amount=np.where(amount == 0, np.nan, amount),
        codes=pa.array(_codes(crm, currencies), pa.string()),
        converted=np.full(len(amount), np.nan),
        home=currencies.home,
        rates=currencies.rates,
        name="crm.lead.expected_revenue",
        mend="export res.currency with its rates too",
        texts=column(crm.leads, "expected_revenue"),
    )
    amounts = in_one_currency(money, export.options.currency)
    unknown = int((np.isfinite(money.amount) & ~np.isfinite(amounts.value)).sum())
    if unknown:
        export.notes.append(f"Amounts in a currency without a rate, which count as unknown: {unknown:,}.")
    return amounts


def _codes(crm: Crm, currencies: _Currencies) -> list[Text]:
    """The currency of each lead: its own, else its company's; None if the export names none."""
    own = references(crm.leads, "company_currency").names(currencies.codes)
    companies = references(crm.leads, "company_id").record_keys()
    of_company = currencies.of_company
    only = next(iter(of_company.values())) if len(set(of_company.values())) == 1 else None
    return [code or of_company.get(company or "", only) for code, company in zip(own, companies, strict=True)]


def _read_currencies(export: Export) -> _Currencies:
    table = export.table("res.currency")
    export.use(table)
    ids, names = texts(table, "id"), texts(table, "name")
    codes = {record_id(id_) or id_: code for id_, code in zip(ids, names, strict=True) if id_ and code}
    values = read_numbers(column(table, "rate"), ".").value.tolist()
    rates = {code: rate for code, rate in zip(names, values, strict=True) if code and rate > 0}
    rates |= _latest_rates(export, codes)
    of_company = _companies(export, codes)
    homes = [code for code in of_company.values() if rates.get(code, 1.0) == 1.0]
    at_one = [code for code, rate in rates.items() if rate == 1.0]
    return _Currencies(codes, of_company, rates, next(iter(homes + at_one), None))


def _latest_rates(export: Export, codes: dict[str, str]) -> dict[str, float]:
    table = export.table("res.currency.rate")
    export.use(table)
    read = export.times(table, "name")
    day = np.where(read.known, read.us, NO_TIME)
    names = references(table, "currency_id").names(codes)
    values = read_numbers(column(table, "rate"), ".").value.tolist()
    ordered = sorted(zip(day.tolist(), names, values, strict=True), key=lambda row: row[0])
    return {name: rate for _, name, rate in ordered if name and rate > 0}


def _companies(export: Export, codes: dict[str, str]) -> dict[str, str]:
    table = export.table("res.company")
    export.use(table)
    rows = list(
        zip(
            texts(table, "id"),
            texts(table, "name"),
            references(table, "currency_id").names(codes),
            strict=True,
        )
    )
    by_name = {name: code for _, name, code in rows if name and code}
    return by_name | {record_id(id_) or "": code for id_, _, code in rows if id_ and code}
