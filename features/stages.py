"""Stage features: the current stage, since when, the path to it, and the pace relative to leads that moved on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import types

from features.feature import Feature, feature, quoted, slugs
from features.rows import Rows
from history.arrays import Codes, Floats, Ints
from history.compiled import F64, I32, I64, OUT, OUT_I64, compiled
from history.history import DAY_US, HOUR_US, History

NEVER = int(np.iinfo(np.int64).min)
BLOCK = "stages"

# Columns of the block, from its first one; days in each stage follow from N_FIXED on.
AGE = 0
STAGE = 1
POSITION = 2
DAYS_IN_STAGE = 3
DAYS_SINCE_MOVE = 4
FURTHEST = 5
MOVES = 6
MOVES_BACK = 7
SKIPS = 8
VISITED = 9
VISITED_SHARE = 10
PACE = 11
MOVES_7D = 12
MOVES_30D = 13
DAYS_TO_FIRST_STAGE = 14
DAYS_IN_PREVIOUS_STAGE = 15
DAYS_TO_STAGE = 16
RETURNS = 17
N_FIXED = 18

_NO_STAGE = "no stage entered yet"
_NO_MOVE = "no move between stages yet"


def features(stages: Sequence[str]) -> tuple[Feature, ...]:
    """The columns of the block, in the order written by stage_rows; only the lead's age if no stage is known."""
    if not stages:
        return (_age(),)
    return _fixed(len(stages)) + _days_at_each(stages)


def _age() -> Feature:
    return feature("lead_age_days", "days", "an age of {value}", BLOCK)


def _fixed(n: int) -> tuple[Feature, ...]:
    """The columns that every funnel of n stages has, in the order of the constants above."""
    rows = [
        ("stage", "stage", "being in {value}", _NO_STAGE),
        ("stage_position", "position", "being at {value}", _NO_STAGE),
        ("days_in_stage", "days", "a stay of {value} in the current stage", _NO_STAGE),
        ("days_since_move", "days", "the last stage move {value} ago", _NO_MOVE),
        ("furthest_position", "position", "having reached {value}", _NO_STAGE),
        ("stage_moves", "moves", "{value} between stages", ""),
        ("stage_regressions", "moves back", "{value} to an earlier stage", ""),
        ("stage_skips", "jumps", "{value} past a stage", ""),
        ("stages_visited", "stages", "{value} visited", ""),
        ("funnel_share", "share", f"a visit to {{value}} of the funnel's {n} stages", ""),
        (
            "stage_pace",
            "times",
            "a stay {value} as long as usual in this stage",
            "no usual time for this stage",
        ),
        ("stage_moves_7d", "moves", "{value} in the last 7 days", ""),
        ("stage_moves_30d", "moves", "{value} in the last 30 days", ""),
        ("days_to_first_stage", "signed_days", "entering the first stage {value} creation", _NO_STAGE),
        ("days_in_previous_stage", "days", "a stay of {value} in the previous stage", _NO_MOVE),
        ("days_to_stage", "signed_days", "reaching the current stage {value} creation", _NO_STAGE),
        ("stage_returns", "returns", "{value} to the current stage", ""),
    ]
    columns = [_age()]
    for name, unit, phrase, missing in rows:
        kind = "category" if name == "stage" else "number"
        column = feature(name, unit, phrase, BLOCK, kind=kind)
        columns.append(replace(column, missing=missing) if missing else column)
    return tuple(columns)


def _days_at_each(stages: Sequence[str]) -> tuple[Feature, ...]:
    columns = []
    for name, stage in zip(slugs(stages), stages, strict=True):
        phrase = f"a total of {{value}} in stage {quoted(stage)}"
        columns.append(feature(f"days_at_{name}", "days", phrase, BLOCK, subject=stage, missing=_NO_STAGE))
    return tuple(columns)


@dataclass(frozen=True)
class StageOrder:
    """The model's stages: position by name (from 1), and the median days of leads that moved on, NaN if unknown."""

    positions: dict[str, int]
    median_days: Floats


def stage_order(stages: Sequence[str], medians: Sequence[float | None]) -> StageOrder:
    known = [np.nan if m is None else m for m in medians]
    return StageOrder({name: i + 1 for i, name in enumerate(stages)}, np.array(known, dtype=np.float64))


def positions_of(names: Sequence[str], order: StageOrder) -> Ints:
    """The position of each stage name; a stage unknown to the model comes after the last."""
    beyond = len(order.positions) + 1
    return np.array([order.positions.get(name, beyond) for name in names], dtype=np.int64)


def fill(rows: Rows, at: int, history: History, positions: Ints, medians: Floats) -> Ints:
    """Writes the block from column `at`; returns the entry of each row into its current stage (n,), or NEVER.

    positions (number of stage names,) and medians (number of stages,) are those of the model's StageOrder.
    """
    since = np.full(len(rows.lead), NEVER, dtype=np.int64)
    if not len(medians):
        rows.out[:, at + AGE] = (rows.as_of_us - history.created_us[rows.lead]) / DAY_US
        return since
    log = history.stages
    stage_rows(
        rows.out, at, since, rows.lead, rows.as_of_us, history.created_us,
        log.offsets, log.time_us, log.known_us, log.stage.codes, positions, medians,
    )  # fmt: skip
    return since


@compiled()
def _path(
    out: Floats, i: int, at: int, begin: int, end: int, as_of: int, created: int,
    time: Ints, known: Ints, stage: Codes, positions: Ints, visits: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Walks one lead's visible stage rows; returns the current stage's code (-1 none), position and entry."""
    n = len(visits) - 1
    current, position, since = -1, 0, NEVER
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
            week += as_of - time[r] < 7 * DAY_US
            month += as_of - time[r] < 30 * DAY_US
            out[i, at + DAYS_SINCE_MOVE] = (as_of - time[r]) / DAY_US
            out[i, at + DAYS_IN_PREVIOUS_STAGE] = (time[r] - since) / DAY_US
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
    out[i, at + MOVES] = moves
    out[i, at + MOVES_BACK] = back
    out[i, at + SKIPS] = skips
    out[i, at + VISITED] = visited
    out[i, at + VISITED_SHARE] = visited / n
    out[i, at + MOVES_7D] = week
    out[i, at + MOVES_30D] = month
    if current >= 0:
        out[i, at + FURTHEST] = furthest
    return current, position, since


@compiled(types.void(OUT, types.int64, OUT_I64, I64, I64, I64, I64, I64, I64, I32, I64, F64))
def stage_rows(
    out: Floats,
    at: int,
    since: Ints,
    lead: Ints,
    as_of: Ints,
    created: Ints,
    offsets: Ints,
    time: Ints,
    known: Ints,
    stage: Codes,
    positions: Ints,
    medians: Floats,
) -> None:
    """Writes the block of each row into out (n, k) from column `at`, and the entry into the stage into since (n,).

    An entry into the current stage is not a move and does not restart it. Positions run from 1; the last plus one is
    every stage unknown to the model.
    """
    n = len(medians)
    visits = np.empty(n + 1, dtype=np.int64)
    for i in range(len(lead)):
        born = created[lead[i]]
        for c in range(at, at + N_FIXED + n):
            out[i, c] = np.nan
        visits[:] = 0
        out[i, at + AGE] = (as_of[i] - born) / DAY_US
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
                # At least one hour, so that a stage that leads leave at once does not blow up the ratio.
                out[i, at + PACE] = days / max(medians[position - 1], HOUR_US / DAY_US)
