"""A lead's history as visible at an instant: the inclusive cut on own time and recorded_at."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Codes, Flags, Ints, Mask
from history.base.compiled import I32, I64, compiled
from history.history import OPEN, Changes, Costs, History, Interactions, Outcomes, Stages
from history.stage_ties import infer_stages

Log = TypeVar("Log", Interactions, Stages, Outcomes, Changes)


@dataclass(frozen=True)
class Snapshot:
    """n leads of a history, each seen at its own instant: lead (n,) indexes the history's leads, as_of_us (n,).

    A row of the history belongs to snapshot i when it is lead[i]'s and its known_us <= as_of_us[i].
    """

    history: History
    lead: Ints
    as_of_us: Ints

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: npt.NDArray[np.generic]) -> "Snapshot":
        return Snapshot(self.history, self.lead[index], self.as_of_us[index])


def state_rows(outcomes: Outcomes, lead: Ints, as_of_us: Ints) -> Ints:
    """The row of `outcomes` that decides each lead's state at its instant, -1 for none: the latest visible."""
    row = outcomes.offsets[lead + 1] - 1
    first = outcomes.offsets[lead]
    if not len(outcomes.time_us):
        return np.full(len(lead), -1, dtype=np.int64)
    pending = np.arange(len(lead))
    while len(pending):
        at = row[pending]
        hidden = (at >= first[pending]) & (outcomes.known_us[np.maximum(at, 0)] > as_of_us[pending])
        pending = pending[hidden]
        row[pending] -= 1
    return np.where(row >= first, row, -1)


def state_at(history: History, lead: Ints, as_of_us: Ints) -> Flags:
    """OPEN, WON or LOST for each lead at its instant; open until an outcome is visible."""
    decisions = history.decisions
    row = state_rows(decisions, lead, as_of_us)
    if not len(decisions.state):
        return np.full(len(lead), OPEN, dtype=np.int8)
    return np.where(row >= 0, decisions.state[np.maximum(row, 0)], OPEN).astype(np.int8)


def all_leads(history: History, as_of_us: int) -> Snapshot:
    """Every lead that exists at as_of_us, whatever its state."""
    lead = np.flatnonzero(_lead_known_us(history) <= as_of_us).astype(np.int64)
    return Snapshot(history, lead, np.full(len(lead), as_of_us, dtype=np.int64))


def open_leads(history: History, as_of_us: int) -> Snapshot:
    """Every lead that exists and is open at as_of_us, in the history's order."""
    seen = all_leads(history, as_of_us)
    return seen.take(state_at(history, seen.lead, seen.as_of_us) == OPEN)


def cut(history: History, as_of_us: int) -> History:
    """The history as it was at as_of_us: later leads and rows leave no trace in codes, order or inferred stages."""
    keep = _lead_known_us(history) <= as_of_us
    lead = np.flatnonzero(keep)
    stages, config = _cut_log(history.stages, keep, as_of_us), history.config
    if "stages" in config.inferred:
        stages, config = infer_stages(stages, config)
    costs, known = history.costs, history.lead_known_us
    return replace(
        history,
        config=config,
        as_of_us=as_of_us,
        lead_ids=[history.lead_ids[i] for i in lead.tolist()],
        created_us=history.created_us[lead],
        attributes={name: factor.take(lead).compact() for name, factor in history.attributes.items()},
        interactions=_cut_log(history.interactions, keep, as_of_us),
        stages=stages,
        outcomes=_cut_log(history.outcomes, keep, as_of_us),
        changes=_cut_log(history.changes, keep, as_of_us),
        costs=None if costs is None else _cut_costs(costs, as_of_us),
        lead_known_us=None if known is None else known[lead],
        settled=None if history.settled is None else _cut_log(history.settled, keep, as_of_us),
    )


def take_leads(history: History, order: Ints) -> History:
    """The leads at these positions (k,), each at most once, with their rows."""
    known = history.lead_known_us
    return replace(
        history,
        lead_ids=[history.lead_ids[i] for i in order.tolist()],
        created_us=history.created_us[order],
        attributes={name: factor.take(order).compact() for name, factor in history.attributes.items()},
        interactions=_ordered_log(history.interactions, order),
        stages=_ordered_log(history.stages, order),
        outcomes=_ordered_log(history.outcomes, order),
        changes=_ordered_log(history.changes, order),
        lead_known_us=None if known is None else known[order],
        settled=None if history.settled is None else _ordered_log(history.settled, order),
    )


def _ordered_log(log: Log, order: Ints) -> Log:
    lengths = np.diff(log.offsets)[order]
    ends = np.cumsum(lengths)
    rows = np.repeat(log.offsets[order] - (ends - lengths), lengths) + np.arange(int(lengths.sum()))
    return _log_of_rows(log, rows, lengths)


def _lead_known_us(history: History) -> Ints:
    return history.created_us if history.lead_known_us is None else history.lead_known_us


def _cut_costs(costs: Costs, as_of_us: int) -> Costs:
    begun = costs.start_us <= as_of_us
    return Costs(
        costs.start_us[begun],
        costs.end_us[begun],
        costs.amount[begun],
        costs.channel.take(begun).compact(),
        costs.source.take(begun).compact(),
    )


def _cut_log(log: Log, keep_lead: Mask, as_of_us: int) -> Log:
    lengths = np.diff(log.offsets)
    rows = np.repeat(keep_lead, lengths) & (log.known_us <= as_of_us)
    kept = np.bincount(log.lead[rows], minlength=len(lengths))[keep_lead]
    return _log_of_rows(log, np.flatnonzero(rows), kept)


def _log_of_rows(log: Log, rows: Ints, lengths: Ints) -> Log:
    """The log of the given rows, `lengths` of them for each lead."""
    values: dict[str, Any] = {"offsets": np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)}
    for name, column in vars(log).items():
        if name == "offsets" or column is None:
            continue
        if hasattr(column, "compact"):
            values[name] = column.take(rows).compact()
        elif isinstance(column, np.ndarray):
            values[name] = column[rows]
        elif hasattr(column, "taken"):
            values[name] = column.taken(rows)
        else:
            kept_texts = [column[i] for i in rows.tolist()]
            values[name] = kept_texts if any(kept_texts) else None
    return replace(log, **values)


def current_stages(snapshot: Snapshot) -> list[str | None]:
    """The stage that each lead entered last as seen at its instant, None before its first."""
    log = snapshot.history.stages
    if not len(log.time_us):
        return [None] * len(snapshot)
    codes = _latest_codes(log.offsets, log.known_us, log.stage.codes, snapshot.lead, snapshot.as_of_us)
    return [None if code < 0 else log.stage.values[code] for code in codes.tolist()]


@compiled(types.int32[::1](I64, I64, I32, I64, I64))
def _latest_codes(offsets: Ints, known: Ints, codes: Codes, lead: Ints, as_of: Ints) -> Codes:
    """The code of each lead's last row that has one and was known at its instant, -1 for none."""
    out = np.full(len(lead), -1, dtype=np.int32)
    for i in range(len(lead)):
        row = offsets[lead[i] + 1] - 1
        while row >= offsets[lead[i]] and (known[row] > as_of[i] or codes[row] < 0):
            row -= 1
        if row >= offsets[lead[i]]:
            out[i] = codes[row]
    return out
