"""Amounts of deals in one currency."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.export import Export, column
from connectors.reading.values import decimal_mark, read_numbers
from history.base.arrays import Floats
from history.base.errors import InvalidInput
from history.text.currency_words import currency_in

SCIENTIFIC: Final = r"[0-9][eE][+-]?[0-9]"


@dataclass(frozen=True)
class Amounts:
    """Amounts (n,) of the deals, NaN if unknown; their currency, None if the export names none; and by what
    each deal's own amounts are multiplied (n,), NaN where that is unknown.
    """

    value: Floats
    currency: str | None
    factor: Floats


@dataclass(frozen=True)
class Money:
    """Amounts (n,) as an export has them: each in the currency of its code, converted where the system did so (NaN).

    home: the currency of the converted amounts. rates: units of each currency for one of the company's own.
    name: the column in messages; mend: what to export so that amounts can be converted. texts (n,): the amounts as
    written, whose signs tell the currencies of an export without codes.
    """

    amount: Floats
    codes: pa.Array
    converted: Floats
    home: str | None
    rates: Mapping[str, float]
    name: str
    mend: str
    texts: pa.Array | None = None


def in_one_currency(money: Money, chosen: str | None) -> Amounts:
    """The amounts in one currency: as converted by the system, else by its rates, else those of `chosen` alone.

    Raises InvalidInput for several currencies without any of these.
    """
    money = _with_signs(money)
    currencies = sorted(value for value in pc.unique(money.codes).to_pylist() if value)
    if len(currencies) <= 1 and not (chosen and currencies and chosen != currencies[0]):
        only = chosen or (currencies[0] if currencies else None)
        return Amounts(money.amount, only, np.ones(len(money.amount), dtype=np.float64))
    if np.isfinite(money.converted).any() and (not chosen or chosen == money.home):
        return _converted(money)
    if all(money.rates.get(code, 0.0) > 0 for code in currencies):
        return _by_rate(money, chosen)
    if chosen:
        is_chosen = pc.fill_null(pc.equal(money.codes, chosen), False).to_numpy(zero_copy_only=False)
        factor = np.where(is_chosen, 1.0, np.nan)
        return Amounts(money.amount * factor, chosen, factor)
    raise InvalidInput(
        f"{money.name} is in {len(currencies)} currencies ({', '.join(currencies)}) and the export has no rates: "
        f"{money.mend}, or keep the amounts of one by --currency {currencies[0]}; the others count as unknown."
    )


def _with_signs(money: Money) -> Money:
    """The currencies by the signs of the amounts, where the export has no codes and the signs are of several."""
    if money.texts is None or money.codes.null_count < len(money.codes):
        return money
    code_of = {text: currency_in(text) for text in pc.unique(money.texts).to_pylist() if text}
    if len({code for code in code_of.values() if code}) <= 1:
        return money
    codes = [code_of.get(text) for text in money.texts.to_pylist()]
    return replace(money, codes=pa.array(codes, pa.string()))


def _by_rate(money: Money, chosen: str | None) -> Amounts:
    target = chosen or money.home
    scale = money.rates.get(target or "", 1.0)
    factors = {code: scale / rate for code, rate in money.rates.items() if rate > 0}
    factor = np.array([factors.get(code, np.nan) for code in money.codes.to_pylist()], dtype=np.float64)
    return Amounts(np.round(money.amount * factor, 2), target, factor)


def _converted(money: Money) -> Amounts:
    factor = np.full(len(money.amount), np.nan)
    np.divide(money.converted, money.amount, out=factor, where=money.amount > 0)
    return Amounts(money.converted, money.home, factor)


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
    export.unread.add(f"amounts of {kind}.{name}", array, unread | (read.good & (read.value < 0)))
    scientific = pc.fill_null(pc.match_substring_regex(array, SCIENTIFIC), False)
    export.tally(
        f"amounts of {kind}.{name} are in scientific notation, such as 2.19E+10: they count as these numbers, which a "
        "spreadsheet may have rounded",
        int((scientific.to_numpy(zero_copy_only=False) & read.good).sum()),
    )
    return np.asarray(np.where(read.good, read.value, np.nan))
