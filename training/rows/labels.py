"""Labels of snapshots: the first decision within the horizon.

The only module of training that looks past a snapshot's as_of, by history.decisions. The funnel's comparison of owners
looks past each assignment's instant too, but never past the history's as_of.
"""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Flags, Floats, Ints, Mask
from history.history import WON
from history.outcomes.decisions import UNDECIDED, first_decisions
from history.snapshot import Snapshot
from history.text.times import DAY_US

NOTHING_YET = UNDECIDED  # outcome of a row without a decision within the horizon


@dataclass(frozen=True)
class Labels:
    """The first decision of each row's lead in (as_of, as_of + horizon], as known at the history's own as_of.

    outcome (n,): WON, LOST or NOTHING_YET. days (n,): from as_of to the decision, or else days observed, at most the
    horizon. amount (n,): of a win, NaN if unknown. matured (n,): the whole horizon lies at or before the history's
    as_of.
    """

    outcome: Flags
    days: Floats
    amount: Floats
    matured: Mask

    @property
    def won(self) -> Mask:
        """Won within the horizon, before any loss there (n,); also an immature row whose win is known already."""
        return np.asarray(self.outcome == WON)

    def take(self, index: Mask | Ints) -> "Labels":
        """The labels at `index`."""
        return Labels(self.outcome[index], self.days[index], self.amount[index], self.matured[index])


def label(snapshot: Snapshot, horizon_us: int) -> Labels:
    """Labels of the n rows of a snapshot, from the outcomes known at snapshot.history.as_of_us.

    A reopening within the horizon is not a decision.
    """
    history, outcomes = snapshot.history, snapshot.history.outcomes
    first = first_decisions(outcomes, snapshot.lead, snapshot.as_of_us, horizon_us, history.as_of_us)
    days_us = np.clip(history.as_of_us - snapshot.as_of_us, 0, horizon_us)
    amount = np.full(len(snapshot), np.nan)
    decided = first.decided
    days_us[decided] = outcomes.time_us[first.row[decided]] - snapshot.as_of_us[decided]
    won = np.flatnonzero(first.won)
    amount[won] = outcomes.amount[first.row[won]]
    matured = snapshot.as_of_us + horizon_us <= history.as_of_us
    return Labels(first.state, days_us / DAY_US, amount, matured)
