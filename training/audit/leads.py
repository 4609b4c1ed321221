"""The leads that the audit compares: open or decided at T, and since when."""

from dataclasses import dataclass

import numpy as np

from history.base.arrays import Flags, Floats, Ints, Mask
from history.history import LOST, OPEN, WON, Factor, History, empty_factor
from history.snapshot import state_rows


@dataclass(frozen=True)
class LeadStates:
    """n leads at T; arrays (n,), times in microseconds UTC.

    state: OPEN, WON or LOST. closed_us: T for an open lead. implied: True for a decided lead without a closing time of
    its own; closed_us is then only the end of its horizon or the time of the export. amount: NaN if unknown. reason: of
    the outcome.
    """

    created_us: Ints
    state: Flags
    closed_us: Ints
    implied: Mask
    as_of_us: int
    horizon_us: int
    amount: Floats
    reason: Factor

    @property
    def decided(self) -> Mask:
        return np.asarray(self.state != OPEN)

    @property
    def won(self) -> Mask:
        return np.asarray(self.state == WON)

    @property
    def lost(self) -> Mask:
        return np.asarray(self.state == LOST)

    @property
    def has_closing_times(self) -> bool:
        """True if most decided leads have a closing time, so that the order of events is known."""
        return bool(self.decided.any() and self.implied[self.decided].mean() < 0.5)


def lead_states(history: History) -> LeadStates:
    """The leads of a history cut at its T."""
    n, as_of_us = len(history), history.as_of_us
    outcomes = history.decisions
    state = np.full(n, OPEN, np.int8)
    closed_us = np.full(n, as_of_us)
    implied = np.zeros(n, dtype=np.bool_)
    amount, reason = np.full(n, np.nan), empty_factor(n)
    if len(outcomes.state):
        row = state_rows(outcomes, np.arange(n, dtype=np.int64), np.full(n, as_of_us, dtype=np.int64))
        at = np.maximum(row, 0)
        state = np.where(row >= 0, outcomes.state[at], OPEN).astype(np.int8)
        closed_us = np.where(state != OPEN, outcomes.time_us[at], as_of_us)
        implied = (state != OPEN) & outcomes.implied[at]
        amount = np.where(state != OPEN, outcomes.amount[at], np.nan)
        codes = np.where(state != OPEN, outcomes.reason.codes[at], -1)
        reason = Factor(codes.astype(np.int32), outcomes.reason.values)
    horizon_us = history.config.horizon_us
    return LeadStates(history.created_us, state, closed_us, implied, as_of_us, horizon_us, amount, reason)
