"""The compiled walk over a lead's stage entries: position, moves, days in stages and pace at each row's instant.

Times are int64 microseconds.
"""

import numpy as np
from numba import types

from features.instants import NO_INSTANT
from history.base.arrays import Codes, Floats, Ints
from history.base.compiled import F64, I32, I64, OUT, OUT_I64, compiled
from history.text.times import DAY_US, HOUR_US

# Columns of the block, in the order of `stages.stage_features`; behind them come the days in each stage.
(
    LEAD_AGE,
    STAGE,
    POSITION,
    DAYS_IN_STAGE,
    DAYS_SINCE_MOVE,
    FURTHEST,
    MOVES,
    REGRESSIONS,
    SKIPS,
    VISITED,
    FUNNEL_SHARE,
    PACE,
    MOVES_7D,
    MOVES_30D,
    DAYS_TO_FIRST_STAGE,
    DAYS_IN_PREVIOUS,
    DAYS_TO_STAGE,
    RETURNS,
) = range(18)
N_FIXED = 18

# The pace compares with at least this many days, so that a stage usually left at once does not blow it up.
LEAST_USUAL_DAYS = HOUR_US / DAY_US

_WEEK_US, _MONTH_US = 7 * DAY_US, 30 * DAY_US


@compiled()
def _put_counts(
    out: Floats, i: int, at: int,
    moves: int, back: int, skips: int, visited: int, share: float, week: int, month: int,
) -> None:  # fmt: skip
    """Writes the counts of one row's moves."""
    out[i, at + MOVES] = moves
    out[i, at + REGRESSIONS] = back
    out[i, at + SKIPS] = skips
    out[i, at + VISITED] = visited
    out[i, at + FUNNEL_SHARE] = share
    out[i, at + MOVES_7D] = week
    out[i, at + MOVES_30D] = month


@compiled()
def _path(
    out: Floats, i: int, at: int, begin: int, end: int, as_of: int, created: int,
    time: Ints, known: Ints, stage: Codes, positions: Ints, visits: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Walks the visible stage rows begin:end of row i's lead and writes its moves.

    visits (stages + 1,) counts entries by position; the last is every stage unknown to the model.
    Returns the current stage code (-1 for none), its position and its entry time.
    """
    n = len(visits) - 1
    current, position, since = -1, 0, NO_INSTANT
    furthest = moves = back = skips = visited = week = month = 0
    for r in range(begin, end):
        if time[r] > as_of:
            break
        if known[r] > as_of or stage[r] < 0 or stage[r] == current:
            continue
        to = positions[stage[r]]
        if current >= 0:
            moves += 1
            back += to < position
            skips += to > position + 1
            week += as_of - time[r] < _WEEK_US
            month += as_of - time[r] < _MONTH_US
            out[i, at + DAYS_SINCE_MOVE] = (as_of - time[r]) / DAY_US
            out[i, at + DAYS_IN_PREVIOUS] = (time[r] - since) / DAY_US
            if position <= n:
                out[i, at + N_FIXED + position - 1] += (time[r] - since) / DAY_US
        else:
            out[i, at + DAYS_TO_FIRST_STAGE] = (time[r] - created) / DAY_US
            for s in range(n):
                out[i, at + N_FIXED + s] = 0.0
        visits[to - 1] += 1
        visited += visits[to - 1] == 1 and to <= n
        furthest = max(furthest, to)
        current, position, since = stage[r], to, time[r]
    _put_counts(out, i, at, moves, back, skips, visited, visited / n, week, month)
    if current >= 0:
        out[i, at + FURTHEST] = furthest
    return current, position, since


@compiled(types.void(OUT, types.int64, OUT_I64, I64, I64, I64, I64, I64, I64, I32, I64, F64))
def stage_rows(
    out: Floats, at: int, since: Ints, lead: Ints, as_of: Ints, created: Ints,
    offsets: Ints, time: Ints, known: Ints, stage: Codes, positions: Ints, medians: Floats,
) -> None:  # fmt: skip
    """Writes the stage features of each row into out (n, k) from column `at`, and since (n,).

    lead and as_of are (n,), created is (leads,); offsets (leads + 1,) index time, known and stage, one entry a stage
    row; times are int64 microseconds. positions gives each stage code's place from 1; the last plus one is every stage
    unknown to the model. An entry into the lead's current stage is not a move and does not restart the stay.
    """
    n = len(medians)
    visits = np.empty(n + 1, dtype=np.int64)
    for i in range(len(lead)):
        born = created[lead[i]]
        for c in range(at, at + N_FIXED + n):
            out[i, c] = np.nan
        visits[:] = 0
        out[i, at + LEAD_AGE] = (as_of[i] - born) / DAY_US
        out[i, at + STAGE] = 0.0
        out[i, at + RETURNS] = 0.0
        current, position, start = _path(
            out, i, at, offsets[lead[i]], offsets[lead[i] + 1], as_of[i], born,
            time, known, stage, positions, visits,
        )  # fmt: skip
        since[i] = start
        if current < 0:
            continue
        days = (as_of[i] - start) / DAY_US
        out[i, at + STAGE] = position + 1.0 if position <= n else 1.0
        out[i, at + POSITION] = position
        out[i, at + DAYS_IN_STAGE] = days
        out[i, at + DAYS_TO_STAGE] = (start - born) / DAY_US
        out[i, at + RETURNS] = visits[position - 1] - 1.0
        if position <= n:
            out[i, at + N_FIXED + position - 1] += days
            if not np.isnan(medians[position - 1]):
                out[i, at + PACE] = days / max(medians[position - 1], LEAST_USUAL_DAYS)
