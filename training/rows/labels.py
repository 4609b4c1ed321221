"""Labels of snapshots: the first decision within the horizon. The only module of training that looks past as_of."""

from dataclasses import dataclass

import numpy as np
from numba import types

from history.arrays import Flags, Floats, Ints, Mask
from history.compiled import I8, I64, OUT_I64, compiled
from history.history import DAY_US, LOST, WON
from history.snapshot import Snapshot

NOTHING_YET = 0  # outcome of a row without a decision within the horizon


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
    state = np.zeros(len(snapshot), dtype=np.int8)
    decision = np.full(len(snapshot), -1, dtype=np.int64)  # row of the outcome, -1 without one
    _first_decision(
        snapshot.lead,
        snapshot.as_of_us,
        horizon_us,
        history.as_of_us,
        outcomes.offsets,
        outcomes.time_us,
        outcomes.known_us,
        outcomes.state,
        state,
        decision,
    )
    days_us = np.clip(history.as_of_us - snapshot.as_of_us, 0, horizon_us)
    amount = np.full(len(snapshot), np.nan)
    decided = np.flatnonzero(decision >= 0)
    days_us[decided] = outcomes.time_us[decision[decided]] - snapshot.as_of_us[decided]
    won = np.flatnonzero(state == WON)
    amount[won] = outcomes.amount[decision[won]]
    matured = snapshot.as_of_us + horizon_us <= history.as_of_us
    return Labels(state, days_us / DAY_US, amount, matured)


@compiled(types.void(I64, I64, types.int64, types.int64, I64, I64, I64, I8, types.int8[::1], OUT_I64))
def _first_decision(
    lead: Ints, as_of_us: Ints, horizon_us: int, known_by_us: int, offsets: Ints, time_us: Ints, known_us: Ints,
    states: Flags, state: Flags, row: Ints,
) -> None:  # fmt: skip
    for i in range(len(lead)):
        for r in range(offsets[lead[i]], offsets[lead[i] + 1]):
            if time_us[r] <= as_of_us[i] or known_us[r] > known_by_us:
                continue
            if time_us[r] > as_of_us[i] + horizon_us:
                break
            if states[r] == WON or states[r] == LOST:
                state[i] = states[r]
                row[i] = r
                break
