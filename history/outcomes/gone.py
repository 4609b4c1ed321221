"""Leads that are gone: merged, deleted, invalid, duplicates and tests; neither won nor lost, whatever came before."""

from dataclasses import replace

import numpy as np

from history.base.arrays import Mask
from history.history import GONE, OPEN, History, Outcomes, offsets_of
from history.snapshot import state_at, take_leads


def end_with_gone(outcomes: Outcomes) -> Outcomes:
    """The outcomes without wins and losses after a lead is gone; only an `open` row brings it back."""
    if not len(outcomes.state) or not (outcomes.state == GONE).any():
        return outcomes
    stays = np.ones(len(outcomes.state), dtype=np.bool_)
    lead, state = outcomes.lead.tolist(), outcomes.state.tolist()
    gone_lead = -1
    for row in np.flatnonzero(np.isin(outcomes.lead, outcomes.lead[outcomes.state == GONE])).tolist():
        if state[row] == GONE:
            gone_lead = lead[row]
        elif state[row] == OPEN:
            gone_lead = -1
        elif lead[row] == gone_lead:
            stays[row] = False
    return _only(outcomes, stays)


def without_gone(history: History) -> History:
    """The history without leads that are gone at its as_of_us, and without rows that call others gone."""
    if not (history.decisions.state == GONE).any():
        return history
    n = len(history)
    state = state_at(history, np.arange(n, dtype=np.int64), np.full(n, history.as_of_us, dtype=np.int64))
    history = take_leads(history, np.flatnonzero(state != GONE))
    settled = history.settled
    return replace(
        history,
        outcomes=_only(history.outcomes, history.outcomes.state != GONE),
        settled=None if settled is None else _only(settled, settled.state != GONE),
    )


def _only(outcomes: Outcomes, stays: Mask) -> Outcomes:
    return Outcomes(
        offsets=offsets_of(outcomes.lead[stays], len(outcomes.offsets) - 1),
        time_us=outcomes.time_us[stays],
        known_us=outcomes.known_us[stays],
        state=outcomes.state[stays],
        amount=outcomes.amount[stays],
        reason=outcomes.reason.take(stays).compact(),
        implied=outcomes.implied[stays],
    )
