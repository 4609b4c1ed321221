"""Wins and revenue expected of open and new leads in each period, before the level of replays is applied."""

from dataclasses import dataclass

import numpy as np

from funnel.forecast.components.new_leads import NewLeads
from funnel.forecast.components.open_leads import OpenLeads, win_probabilities
from history.base.arrays import Floats
from models.bundle import Bundle


@dataclass(frozen=True)
class PeriodWins:
    """Expectations before the level is applied, of n open leads and k periods.

    end (k,): days from T to the end of each period. open_wins (n, k), amount (n,) of a win of each open lead, 0 if
    unknown. new_wins (k,), new_amount: mean of a win of a new lead.
    """

    end: Floats
    open_wins: Floats
    amount: Floats
    new_wins: Floats
    new_amount: float

    @property
    def start(self) -> Floats:
        """Days (k,) from T to the start of each period, 0 for the first."""
        return np.concatenate(([0.0], self.end[:-1]))

    @property
    def wins(self) -> Floats:
        """Expected wins (k,) of open and new leads."""
        return np.asarray(self.open_wins.sum(axis=0) + self.new_wins)

    @property
    def revenue(self) -> Floats:
        """Expected revenue (k,) of open and new leads."""
        return np.asarray(self.amount @ self.open_wins + self.new_wins * self.new_amount)


def period_wins(
    bundle: Bundle, open_: OpenLeads, new_leads: NewLeads, end: Floats, working: Floats
) -> PeriodWins:
    """Expectations of the k periods that end so many days after T, in calendar days (k,) and in working days (k,).

    A new lead's win without a known amount brings the mean of the open leads' amounts.
    """
    by_end = win_probabilities(open_, bundle.close_time, new_leads.rates, working)
    amount = np.nan_to_num(open_.amount)
    new_amount = new_leads.amount
    if not np.isfinite(new_amount):
        new_amount = float(amount.mean()) if len(amount) else 0.0
    return PeriodWins(
        end=end,
        open_wins=np.diff(by_end, prepend=0.0, axis=1),
        amount=amount,
        new_wins=np.diff(new_leads.wins_by(working), prepend=0.0),
        new_amount=new_amount,
    )
