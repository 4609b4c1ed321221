"""Amounts in several currencies: found by a currency column or by the amounts themselves, and refused."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from history.base.arrays import Ints
from history.base.counts import by_count
from history.base.warnings import Warning
from history.base.whole import Question
from history.config.schema import NOT_ATTRIBUTES, OWN_ATTRIBUTES
from history.folder.lead_table import LeadTable, VisibleLeads
from history.folder.outcome_rows import OutcomeRows
from history.history import Factor
from history.text.currency_words import (
    CODES,
    OF_MONEY,
    SIGNS,
    USUAL,
    currency_in,
    is_converted,
    is_currency_name,
)

MARK: Final = r"[^0-9\s.,'’+\-eE()\x{a0}\x{202f}]"  # a character that no plain number has
NAMED: Final = 5  # currencies in a message
OF_AMOUNT: Final = "the signs of amount"
OF_SHARED_SIGNS: Final = ("USD", "JPY")  # $ and the sign of yen and yuan


Counts = Mapping[str, Counter[str]]


def refuse_currencies(leads: LeadTable, outcomes: OutcomeRows, visible: VisibleLeads) -> None:
    """Refuses amounts of wins visible at T in more than one currency, or in another than funnel.toml names.

    They would be added up, or shown under another name. No problem if funnel.toml maps `amount` to a converted column,
    or ignores the currency column. Raises InvalidInput.
    """
    config = outcomes.options.config
    if is_converted(config.columns.get("outcomes", {}).get("amount", "")):
        return
    rows = outcomes.paid_rows(visible)
    counts = {source: _currencies(factor.take(rows)) for source, factor in _currency_columns(leads, outcomes)}
    # Questions outlive the tables of a part, so they hold none.
    find = partial(_problem_of, currency=config.currency, header=outcomes.raw.header)
    question = Question("currencies of amounts", _joined, find)
    outcomes.options.whole.refuse(question, counts)


def _joined(one: Counts, other: Counts) -> Counts:
    return {source: one.get(source, Counter()) + other.get(source, Counter()) for source in (*one, *other)}


def _problem_of(counts: Counts, currency: str | None, header: Sequence[str]) -> str | None:
    """The problem of the first source, in the order of columns, that has one."""
    for source in sorted(counts, key=OF_AMOUNT.__eq__):
        of_source = counts[source]
        if len(of_source) > 1:
            return _problem(source, of_source, header)
        if of_source and currency and _is_another(next(iter(of_source)), currency, source):
            return _problem_of_another(source, next(iter(of_source)), currency)
    return None


def _is_another(found: str, configured: str, source: str) -> bool:
    """Whether both are codes, and of two currencies; a sign such as $ is that of several."""
    if source == OF_AMOUNT and found in OF_SHARED_SIGNS:
        return False
    return {found, configured.upper()} <= CODES and found != configured.upper()


def _problem_of_another(source: str, found: str, configured: str) -> str:
    mend = f'In funnel.toml: [funnel] currency = "{found}"'
    if source != OF_AMOUNT:
        mend += (
            f'. If amount is converted to {configured} already: [attributes] ignore = ["{_column(source)}"]'
        )
    return (
        f"outcomes: the amounts of won leads are in {found} by {source}, and funnel.toml has currency = "
        f'"{configured}". {mend}.'
    )


def _column(source: str) -> str:
    return source.removeprefix("the column ").removesuffix(" of leads")


def currency_warnings(leads: LeadTable, rows: Ints) -> list[Warning]:
    """`several_currencies` for a column of leads (their rows) that names more than one, where no amounts are mixed."""
    counts = {name: _currencies(leads.text(name).take(rows)) for name in _columns_of_leads(leads)}
    return leads.options.whole.note(CURRENCIES, counts)


def _warnings_of(counts: Counts) -> list[Warning]:
    for name, of_column in counts.items():
        if len(of_column) > 1:
            detail = (
                f"the leads are in {_listed(of_column)}: their other columns of money are compared as if they were in "
                "one currency; convert them, or leave them out by ignore under [attributes] in funnel.toml"
            )
            return [Warning("several_currencies", name, detail)]
    return []


CURRENCIES: Final = Question("currencies of leads", _joined, _warnings_of)


def _currency_columns(leads: LeadTable, outcomes: OutcomeRows) -> Iterable[tuple[str, Factor]]:
    """The name of each source, and the currency of each outcome (n,) by it."""
    ignored = set(outcomes.options.config.ignore)
    for name in outcomes.raw.columns:
        if is_currency_name(name) and name not in ignored:
            yield f"the column {name}", outcomes.text(name)
    for name in _columns_of_leads(leads):
        yield f"the column {name} of leads", _of_outcomes(leads.text(name), leads, outcomes)
    if (signs := _signs(outcomes.raw.columns.get("amount"))) is not None:
        yield OF_AMOUNT, signs


def _columns_of_leads(leads: LeadTable) -> tuple[str, ...]:
    """Columns of currencies by their names, or by values that are all codes of currencies, a usual one among them."""
    names = [name for name in leads.raw.columns if name not in NOT_ATTRIBUTES and name not in OWN_ATTRIBUTES]
    return leads.options.whole.decide(COLUMNS, {name: _few(leads.text(name).values) for name in names})


def _few(texts: Sequence[str]) -> frozenset[str]:
    """The texts, or only one more than there are currencies."""
    return frozenset(texts[: len(CODES) + 1])


def _joined_texts(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    return {name: _few(sorted(texts | other[name])) for name, texts in one.items()}


def _currency_columns_of(texts: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(name for name in texts if is_currency_name(name) or _are_currencies(texts[name]))


def _are_currencies(texts: frozenset[str]) -> bool:
    codes = {text.strip().upper() for text in texts}
    return len(codes) >= 2 and len(texts) <= len(CODES) and codes <= CODES and bool(codes & USUAL)


COLUMNS: Final = Question("columns of currencies", _joined_texts, _currency_columns_of)


def _of_outcomes(factor: Factor, leads: LeadTable, outcomes: OutcomeRows) -> Factor:
    """The text of each outcome's lead (n,); of rows with one id the first counts."""
    code_of_id = np.full(len(leads.ids.values) + 1, -1, dtype=np.int32)
    rows = np.flatnonzero(leads.rows.valid)[::-1]
    code_of_id[leads.ids.codes[rows]] = factor.codes[rows]
    return Factor(code_of_id[outcomes.lead], factor.values)


def _signs(amounts: pa.Array | None) -> Factor | None:
    """The sign or code of a currency in each amount (n,); None if the amounts are plain numbers."""
    if amounts is None or not pa.types.is_string(amounts.type):
        return None
    marked = pc.fill_null(pc.match_substring_regex(amounts, MARK), False).to_numpy(zero_copy_only=False)
    if not marked.any():
        return None
    rows = np.flatnonzero(marked)
    found = [currency_in(str(amounts[row])) for row in rows.tolist()]
    values = sorted({sign for sign in found if sign})
    codes = np.full(len(amounts), -1, dtype=np.int32)
    codes[rows] = [values.index(sign) if sign else -1 for sign in found]
    return Factor(codes, values)


def _currencies(factor: Factor) -> Counter[str]:
    """Rows of each currency; texts that are equal but for case and blanks, or a sign and its code, are one."""
    counts: Counter[str] = Counter()
    codes, numbers = np.unique(factor.codes[factor.codes >= 0], return_counts=True)
    for code, number in zip(codes.tolist(), numbers.tolist(), strict=True):
        text = " ".join(factor.values[code].split())
        counts[SIGNS.get(text, text.upper() if len(text) == len("EUR") else text)] += number
    return counts


def _problem(source: str, counts: Counter[str], header: Sequence[str]) -> str:
    converted = [name for name in header if is_converted(name) and OF_MONEY.search(name.casefold())]
    column = converted[0] if converted else "amount_converted"
    place = "that the file has" if converted else "after adding one converted at the rate of each closing day"
    mend = f'name the converted column ({place}): [columns.outcomes] amount = "{column}"'
    if source != OF_AMOUNT:
        mend += f'. If amount is converted already: [attributes] ignore = ["{_column(source)}"]'
    return (
        f"outcomes: the amounts of won leads are in {len(counts)} currencies by {source}: {_listed(counts)}; they "
        f"cannot be added up. In funnel.toml {mend}. Or keep the leads of one currency."
    )


def _listed(counts: Counter[str]) -> str:
    shown = ", ".join(f"{name} ({counts[name]:,})" for name in by_count(counts)[:NAMED])
    return shown + (f" and {len(counts) - NAMED} more" if len(counts) > NAMED else "")
