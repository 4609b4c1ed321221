"""From a deal's stage moves and its present state to stage entries and outcomes; the same for every CRM with deals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from connectors.folder.write import TIME
from history.base.arrays import Codes, Flags, Floats, Ints, Mask

OPEN: Final = 0
WON: Final = 1
LOST: Final = 2
STATE_WORDS: Final = ("open", "won", "lost")
NO_TIME: Final = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Deals:
    """Deals (n,) as the export has them: ids, creation, present state and amount, and when they closed.

    closed_us: the end of the closing day (NO_TIME if unknown); stage (n,): codes into Moves.stages, -1 if unknown.
    stage_us: since when a deal is in its present stage, NO_TIME if unknown. reason: why it was lost, None if unknown.
    """

    ids: Sequence[str]
    created_us: Ints
    state: Flags
    stage: Codes
    stage_us: Ints
    closed_us: Ints
    amount: Floats
    reason: Sequence[str | None]


@dataclass(frozen=True)
class Moves:
    """Stage moves (m,) in any order: the deal's index, when, the stage as a code, and the amount then (NaN: unknown).

    rank orders moves of one instant. stages are the labels, stage_states what each means: OPEN, WON or LOST. of_today:
    moves (m,) that only the deals' present values tell, None for none: nobody knew them before the export.
    """

    deal: Ints
    us: Ints
    stage: Codes
    amount: Floats
    rank: Ints
    stages: Sequence[str]
    stage_states: Flags
    of_today: Mask | None = None


@dataclass(frozen=True)
class DealTables:
    """The rows of `stages` and `outcomes`."""

    stages: pa.Table
    outcomes: pa.Table


def deal_tables(deals: Deals, moves: Moves, exported_us: int) -> DealTables:
    """Stage entries and outcomes; a closing stage is an outcome, a return to an open stage an outcome `open`.

    A deal's amount belongs to its last win; an earlier win has the amount of its move. Where the moves end in another
    state than the deal has, the deal is right: the decision is dated by its closing day, a return by the export's time.
    """
    deal, us, stage, amount, of_today = _entries(moves)
    state = moves.stage_states[stage]
    first = _starts(deal)
    before = np.where(first, OPEN, np.concatenate(([OPEN], state[:-1])))
    decided = (state != OPEN) & (first | (state != before))
    reopened = (state == OPEN) & (before != OPEN)

    # A deal that enters its history closed was put in later: its own closing day is the better witness.
    late_us = us.copy()
    entered_closed = decided & first & (deals.closed_us[deal] != NO_TIME)
    us = np.where(entered_closed, np.minimum(deals.closed_us[deal], exported_us), us)

    rows = np.flatnonzero(decided | reopened)
    final = _final_rows(deals, deal, us, state, exported_us)
    outcomes = _Outcomes(
        np.concatenate((deal[rows], final.deal)),
        np.concatenate((us[rows], final.us)),
        np.concatenate((state[rows], deals.state[final.deal])),
        np.concatenate((amount[rows], np.full(len(final.deal), np.nan))),
        np.concatenate((np.where(entered_closed, np.maximum(late_us, us), us)[rows], final.known_us)),
    )
    entries = np.flatnonzero(state == OPEN)
    return DealTables(
        _stage_table(deals, moves, _Entries(deal, us, stage, of_today).take(entries), exported_us),
        _outcome_table(deals, outcomes),
    )


@dataclass(frozen=True)
class _Outcomes:
    deal: Ints
    us: Ints
    state: Flags
    amount: Floats
    known_us: Ints


@dataclass(frozen=True)
class _Final:
    deal: Ints
    us: Ints
    known_us: Ints


@dataclass(frozen=True)
class _Entries:
    deal: Ints
    us: Ints
    stage: Codes
    of_today: Mask

    def take(self, rows: Ints) -> "_Entries":
        return _Entries(self.deal[rows], self.us[rows], self.stage[rows], self.of_today[rows])


def _entries(moves: Moves) -> tuple[Ints, Ints, Codes, Floats, Mask]:
    """The moves in order of deal and time, without those that stay in the stage."""
    order = np.lexsort((moves.rank, moves.us, moves.deal))
    deal, us, stage, amount = moves.deal[order], moves.us[order], moves.stage[order], moves.amount[order]
    kept = _starts(deal)
    kept[1:] |= stage[1:] != stage[:-1]
    of_today = np.zeros(len(deal), dtype=np.bool_) if moves.of_today is None else moves.of_today[order]
    return deal[kept], us[kept], stage[kept], amount[kept], of_today[kept]


def _starts(deal: Ints) -> Mask:
    """Which rows are the first of their deal (m,); the rows are sorted by deal."""
    first = np.ones(len(deal), dtype=np.bool_)
    first[1:] = deal[1:] != deal[:-1]
    return first


def _final_rows(deals: Deals, deal: Ints, moved_us: Ints, state: Flags, exported_us: int) -> _Final:
    """One row for each deal whose present state is not that of its last move.

    A decision without a date has no time at all: that it was known at the export does not tell when it was made.
    """
    last_state = np.full(len(deals.ids), OPEN, dtype=np.int8)
    last_us = deals.created_us.copy()
    last_state[deal], last_us[deal] = state, moved_us  # rows are sorted: the last one of a deal stays
    differs = np.flatnonzero(deals.state != last_state)
    closed = deals.closed_us[differs]
    is_open, undated = deals.state[differs] == OPEN, closed == NO_TIME
    # A closing before the creation stays one: readers of the folder count it at the creation, its cycle time unknown.
    is_early = (closed < deals.created_us[differs]) & (last_us[differs] <= deals.created_us[differs])
    us = np.minimum(np.where(is_early, closed, np.maximum(closed, last_us[differs])), exported_us)
    us = np.where(is_open, exported_us, np.where(undated, NO_TIME, us))
    known = np.where(is_open, exported_us, NO_TIME)
    return _Final(differs, us, known)


def _outcome_table(deals: Deals, rows: _Outcomes) -> pa.Table:
    order = np.lexsort((np.where(rows.us == NO_TIME, np.iinfo(np.int64).max, rows.us), rows.deal))
    deal, us, state = rows.deal[order], rows.us[order], rows.state[order]
    amount, known = rows.amount[order], rows.known_us[order]
    last = np.concatenate((deal[1:] != deal[:-1], [True])) if len(deal) else np.zeros(0, dtype=np.bool_)
    amount = np.where(last, deals.amount[deal], amount)
    amount = np.where((state == WON) & (amount >= 0), amount, np.nan)
    reasons = [
        deals.reason[d] if s == LOST and end else None
        for d, s, end in zip(deal.tolist(), state.tolist(), last.tolist(), strict=True)
    ]
    return pa.table(
        {
            "lead_id": pa.array([deals.ids[d] for d in deal.tolist()], pa.string()),
            "outcome": pa.array([STATE_WORDS[s] for s in state.tolist()], pa.string()),
            "closed_at": times(us),
            "amount": pa.array(amount, mask=np.isnan(amount)),
            "reason": pa.array(reasons, pa.string()),
            "recorded_at": times(np.where(known > us, known, NO_TIME)),
        }
    )


def _stage_table(deals: Deals, moves: Moves, entries: _Entries, exported_us: int) -> pa.Table:
    """The entries, and the present stage of open deals without any; its time is that of the export if unknown.

    What only the present values tell was known with the export: as history it would tell at any earlier time that the
    deal did not move on since, and of those that are won it would tell less than of the others.
    """
    without = np.ones(len(deals.ids), dtype=np.bool_)
    without[moves.deal] = False
    only_today = np.flatnonzero(without & (deals.state == OPEN) & (deals.stage >= 0))
    since = deals.stage_us[only_today]
    today_us = np.where(since == NO_TIME, exported_us, since)
    all_deals = np.concatenate((entries.deal, only_today))
    all_us = np.concatenate((entries.us, today_us))
    of_moves = np.where(entries.of_today & (entries.us < exported_us), exported_us, NO_TIME)
    known = np.concatenate((of_moves, np.full(len(only_today), exported_us)))
    codes = np.concatenate((entries.stage, deals.stage[only_today]))
    return pa.table(
        {
            "lead_id": pa.array([deals.ids[d] for d in all_deals.tolist()], pa.string()),
            "entered_at": times(all_us),
            "stage": pa.array([moves.stages[s] for s in codes.tolist()], pa.string()),
            "recorded_at": times(known),
        }
    )


def times(us: Ints) -> pa.Array:
    """Microseconds as a column of instants; NO_TIME is null."""
    return pa.array(us, pa.int64(), mask=us == NO_TIME).cast(TIME)
