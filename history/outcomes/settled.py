"""Decisions that hold from the end of the data on: without a time of their own, or dated after that end."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from history.base.arrays import Ints, Mask
from history.base.warnings import Warning
from history.base.whole import Question
from history.history import OPEN, Factor, History, Outcomes, offsets_of

MOSTLY = 0.5  # share of the decisions without a time from which nobody can learn how fast leads are decided


@dataclass(frozen=True)
class Pending:
    """Wins and losses that decide their leads whatever their times: those without a time, and those after T.

    rows: by lead, the deciding one last. end_us: the end of the data, the time of such a decision. since_us: the
    instant from which it holds; before it a lead is open.
    """

    rows: Outcomes
    end_us: int
    since_us: int


def settle(history: History, pending: Pending | None) -> History:
    """The history with `settled` for the leads that are open at T by their visible outcomes and decided by `pending`.

    A visible decision of the same state takes a missing amount and reason from its pending row. A history without
    pending rows, or with a T before since_us, is unchanged.
    """
    if pending is None or history.as_of_us < pending.since_us or not len(pending.rows.time_us):
        return history
    last = _last_rows(pending.rows)
    lead = np.flatnonzero(last >= 0)
    last = last[lead]

    visible = _last_rows(history.outcomes)[lead]
    state = np.full(len(lead), OPEN, dtype=np.int8)
    state[visible >= 0] = history.outcomes.state[visible[visible >= 0]]
    same = state == pending.rows.state[last]
    outcomes = _completed(history.outcomes, visible[same], pending.rows, last[same])
    is_open = state == OPEN
    history = replace(history, outcomes=outcomes)
    if not is_open.any():
        return history
    return replace(history, settled=_with_rows(history, pending, lead[is_open], last[is_open]))


@dataclass(frozen=True)
class DecidedLeads:
    """Leads that are decided at T, those of them without a time, and the horizon that counts for these."""

    undated: int
    decided: int
    horizon_days: int

    def and_then(self, other: "DecidedLeads") -> "DecidedLeads":
        """The leads of both."""
        return replace(self, undated=self.undated + other.undated, decided=self.decided + other.decided)

    def warning(self) -> list[Warning]:
        """`undated_outcomes` if most have a decision without a time."""
        if self.undated <= MOSTLY * self.decided:
            return []
        detail = (
            f"{self.undated:,} of {self.decided:,} decided leads have no closing time: how long leads take is unknown, "
            f"and training counts each as decided {self.horizon_days} days after its creation (horizon_days); export "
            "closed_at"
        )
        return [Warning("undated_outcomes", "outcomes", detail)]


UNDATED: Final = Question("decisions without a time", DecidedLeads.and_then, DecidedLeads.warning)


def decided_leads(history: History) -> DecidedLeads:
    """The leads of a history that are decided at its T."""
    log = history.decisions
    row = _last_rows(log)
    row = row[row >= 0]
    row = row[log.state[row] != OPEN]
    undated = int(is_undated(log, history.created_us)[row].sum())
    return DecidedLeads(undated, len(row), history.config.horizon_days)


def is_undated(outcomes: Outcomes, created_us: Ints) -> Mask:
    """The outcomes (m,) whose time is implied, other than by a decision before the creation."""
    return np.asarray(outcomes.implied & (outcomes.time_us > created_us[outcomes.lead]))


def _last_rows(log: Outcomes) -> Ints:
    """The last row of each lead (n,), -1 for none."""
    return np.where(np.diff(log.offsets) > 0, log.offsets[1:] - 1, -1)


def _completed(outcomes: Outcomes, rows: Ints, source: Outcomes, source_rows: Ints) -> Outcomes:
    """The outcomes whose `rows` (k,) take a missing amount and reason from those of the source."""
    lacks_amount = np.isnan(outcomes.amount[rows]) & ~np.isnan(source.amount[source_rows])
    lacks_reason = (outcomes.reason.codes[rows] < 0) & (source.reason.codes[source_rows] >= 0)
    if not (lacks_amount.any() or lacks_reason.any()):
        return outcomes
    amount = outcomes.amount.copy()
    amount[rows[lacks_amount]] = source.amount[source_rows[lacks_amount]]
    reason = outcomes.reason.and_then(source.reason)
    codes = reason.codes[: len(outcomes.time_us)].copy()
    codes[rows[lacks_reason]] = reason.codes[len(outcomes.time_us) :][source_rows[lacks_reason]]
    return replace(outcomes, amount=amount, reason=Factor(codes, reason.values).compact())


def _with_rows(history: History, pending: Pending, lead: Ints, rows: Ints) -> Outcomes:
    """The outcomes with one row more for each `lead` (k,): its pending row, as the lead's last."""
    outcomes, n = history.outcomes, len(history)
    latest_us = np.maximum(history.created_us, pending.end_us)
    np.maximum.at(latest_us, outcomes.lead, outcomes.time_us)
    closed_us = latest_us[lead]
    known_us = np.minimum(np.maximum(history.created_us[lead], pending.since_us), closed_us)

    all_leads = np.concatenate((outcomes.lead, lead))
    order = np.argsort(all_leads, kind="stable")
    reason = outcomes.reason.and_then(pending.rows.reason.take(rows))
    return Outcomes(
        offsets=offsets_of(all_leads[order], n),
        time_us=np.concatenate((outcomes.time_us, closed_us))[order],
        known_us=np.concatenate((outcomes.known_us, known_us))[order],
        state=np.concatenate((outcomes.state, pending.rows.state[rows]))[order],
        amount=np.concatenate((outcomes.amount, pending.rows.amount[rows]))[order],
        reason=reason.take(order),
        implied=np.concatenate((outcomes.implied, np.ones(len(rows), dtype=np.bool_)))[order],
    )
