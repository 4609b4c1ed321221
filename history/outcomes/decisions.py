"""The first decision of a lead within a horizon: what labels of training and the win rates of owners count."""

from dataclasses import dataclass

import numpy as np
from numba import types

from history.base.arrays import Flags, Ints, Mask
from history.base.compiled import I8, I64, OUT_I64, compiled
from history.history import LOST, WON, Outcomes

UNDECIDED = 0  # state of a lead without a decision within the horizon
WITHOUT_ROW = -1


@dataclass(frozen=True)
class Decisions:
    """The first decision of each of n leads; state (n,): WON, LOST or UNDECIDED; row (n,): in the outcomes, else -1."""

    state: Flags
    row: Ints

    @property
    def won(self) -> Mask:
        """Won within the horizon, before any loss there (n,)."""
        return np.asarray(self.state == WON)

    @property
    def decided(self) -> Ints:
        """Indices of the leads with a decision."""
        return np.flatnonzero(self.row != WITHOUT_ROW)


def first_decisions(
    outcomes: Outcomes, lead: Ints, after_us: Ints, horizon_us: int, known_by_us: int
) -> Decisions:
    """The first win or loss of lead (n,) with after_us < time <= after_us + horizon_us, known at known_by_us.

    A reopening (an outcome `open`) is not a decision.
    """
    state = np.full(len(lead), UNDECIDED, dtype=np.int8)
    row = np.full(len(lead), WITHOUT_ROW, dtype=np.int64)
    _first_decisions(
        lead,
        after_us,
        horizon_us,
        known_by_us,
        outcomes.offsets,
        outcomes.time_us,
        outcomes.known_us,
        outcomes.state,
        state,
        row,
    )
    return Decisions(state, row)


@compiled(types.void(I64, I64, types.int64, types.int64, I64, I64, I64, I8, types.int8[::1], OUT_I64))
def _first_decisions(
    lead: Ints, after_us: Ints, horizon_us: int, known_by_us: int, offsets: Ints, time_us: Ints, known_us: Ints,
    states: Flags, state: Flags, row: Ints,
) -> None:  # fmt: skip
    for i in range(len(lead)):
        for r in range(offsets[lead[i]], offsets[lead[i] + 1]):
            if time_us[r] <= after_us[i] or known_us[r] > known_by_us:
                continue
            if time_us[r] > after_us[i] + horizon_us:
                break
            if states[r] == WON or states[r] == LOST:
                state[i] = states[r]
                row[i] = r
                break
