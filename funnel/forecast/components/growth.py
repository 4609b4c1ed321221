"""Amounts that seem to grow after the win: those of young wins lie below those of older ones."""

from dataclasses import dataclass

import numpy as np

from funnel.known_leads import KnownLeads
from history.base.arrays import Floats
from history.base.warnings import Warning
from history.text.times import DAY_US

TIMES_DAYS = (14.0, 30.0, 60.0, 120.0)  # candidates: how long growth takes, to 63 % of the final amount
YOUNG, OLDER = 0.5, 3.0  # ages compared, in times: with 40 % of the final amount at most, and up to 95 %
FEWEST_WINS, FEWEST_COMPARED = 30, 10
SURE = 3.5  # standard errors by which ranks rise with age: chance reaches it once in some thousand funnels
# Mean amount of young wins over that of older ones. Monthly prices that vary by 20 % rarely fall so far.
MOST_YOUNG = 0.6
CAPPED = 0.95  # quantile at which amounts are cut in means: one great deal is no growth


@dataclass(frozen=True)
class AmountGrowth:
    """The `wins` of the last `days` have a mean amount of `ratio` times that of somewhat older ones."""

    days: int
    wins: int
    ratio: float


def amount_growth(known: KnownLeads) -> AmountGrowth | None:
    """The growth of amounts with the age of the win, None unless it is sure and large.

    Sure: ranks of amounts above zero, or the share of such wins, rise with 1 - exp(-age / time), for the best of
    TIMES_DAYS. Large: young wins bring far less than those somewhat older, so that prices that fall slowly are no
    growth. A sudden fall looks the same.
    """
    has_amount = known.won & ~np.isnan(known.amount)
    if has_amount.sum() < FEWEST_WINS:
        return None
    age = (known.as_of_us - known.end_us[has_amount]) / DAY_US
    amount = known.amount[has_amount]
    time = _growth_time(age, amount)
    if time is None:
        return None
    days = time * YOUNG
    young, older = age < days, (age >= days) & (age < time * OLDER)
    capped = np.minimum(amount, np.quantile(amount, CAPPED))
    if min(young.sum(), older.sum()) < FEWEST_COMPARED or not capped[older].mean() > 0:
        return None
    ratio = float(capped[young].mean() / capped[older].mean())
    return AmountGrowth(int(days), int(young.sum()), ratio) if ratio <= MOST_YOUNG else None


def _growth_time(age: Floats, amount: Floats) -> float | None:
    """The time in which amounts (n,) seem to grow with the age (n,) in days, None if that is not sure."""
    paid = amount > 0
    best, time = SURE, None
    for values, of_age in ((midranks(amount[paid]), age[paid]), (paid.astype(np.float64), age)):
        for days in TIMES_DAYS:
            correlation = float((_standardised(values) * _standardised(-np.exp(-of_age / days))).mean())
            if correlation * np.sqrt(len(values)) > best:
                best, time = correlation * np.sqrt(len(values)), days
    return time


def growth_warnings(known: KnownLeads) -> list[Warning]:
    """`amounts_still_growing` if amounts seem to grow after the win."""
    growth = amount_growth(known)
    if growth is None:
        return []
    text = (
        f"amounts of the {growth.wins:,} wins of the last {growth.days} days are {1 - growth.ratio:.0%} below those "
        "of older wins: if they still grow after the win, the revenue of recent periods is not final, and the "
        "forecast is of final amounts; if prices fell instead, the forecast is too high"
    )
    return [Warning("amounts_still_growing", "amount", text)]


def midranks(values: Floats) -> Floats:
    """Ranks (n,) from 1, the mean of their places for equal values."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _standardised(values: Floats) -> Floats:
    deviation = float(values.std())
    return np.asarray((values - values.mean()) / deviation if deviation > 0 else np.zeros(len(values)))
