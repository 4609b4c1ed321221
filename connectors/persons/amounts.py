"""Amounts of wins in one currency."""

from dataclasses import dataclass

import numpy as np

from connectors.persons.decisions import Decided
from connectors.persons.log import Decisions
from connectors.persons.rows import Role
from connectors.reading.options import ReadOptions
from history.base.arrays import Floats
from history.base.errors import InvalidInput


@dataclass(frozen=True)
class Amounts:
    """Amounts (d,) of the log's decisions in one currency, NaN if unknown; None if the export names no currency."""

    value: Floats
    currency: str | None


def amounts_of(
    decisions: Decisions, decided: Decided, options: ReadOptions, converted_into: str | None
) -> Amounts:
    """The amounts of the wins that count; raises InvalidInput for several currencies that nothing converts.

    converted_into: the currency of the amounts that the system itself converted.
    """
    names = decisions.texts["currency"]
    wins = decided.place[decided.role == Role.WON]
    codes = np.array([(names[place] or "").strip().upper() for place in wins.tolist()], dtype=np.str_)
    currencies = sorted({str(code) for code in codes} - {""})
    chosen = options.currency.upper() if options.currency else None
    if len(currencies) <= 1 and (chosen is None or not currencies or chosen == currencies[0]):
        return Amounts(decisions.amount, chosen or (currencies[0] if currencies else None))
    if converted_into is not None and chosen in (None, converted_into):
        is_same = codes == converted_into
        value = decisions.converted.copy()
        own = wins[is_same & np.isnan(value[wins])]
        value[own] = decisions.amount[own]
        if np.isfinite(value[wins]).any():
            return Amounts(value, converted_into)
    if chosen is None:
        raise InvalidInput(
            f"the amounts of the wins are in {len(currencies)} currencies ({', '.join(currencies)}) and the export has "
            f"no rates: keep the amounts of one by --currency {currencies[0]}; the others count as unknown."
        )
    value = np.full(len(decisions.amount), np.nan)
    own = wins[codes == chosen]
    value[own] = decisions.amount[own]
    return Amounts(value, chosen)
