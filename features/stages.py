"""Stage features: position in the funnel, time in stages, moves, and the pace against leads that went on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import types

from features.feature import Block, Feature, quoted, slugs
from history.arrays import Codes, Floats, Ints
from history.compiled import F64, I32, I64, OUT, OUT_I64, compiled
from history.history import DAY_US, HOUR_US, History
from history.snapshot import Snapshot

NEVER = int(np.iinfo(np.int64).min)
BLOCK = Block("stages")

NO_STAGE = "no stage entered yet"
NO_MOVE = "no move between stages yet"

# Columns of the block, in the order of `stage_features`; behind them come the days in each stage.
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


def stage_features(stages: Sequence[str]) -> tuple[Feature, ...]:
    """The columns of the block in matrix order; only the lead's age if the funnel has no stages."""
    age = BLOCK.number("lead_age_days", "days", "an age of {value}")
    if not stages:
        return (age,)
    return (age, *_fixed_features(len(stages)), *_days_in_each(stages))


def _fixed_features(n_stages: int) -> tuple[Feature, ...]:
    number, category = BLOCK.number, BLOCK.category
    share = f"a visit to {{value}} of the funnel's {n_stages} stages"
    pace = "a stay {value} as long as usual in this stage"
    first, current = (
        "entering the first stage {value} creation",
        "reaching the current stage {value} creation",
    )
    return (
        category("stage", "stage", "being in {value}", missing=NO_STAGE),
        number("stage_position", "position", "being at {value}", missing=NO_STAGE),
        number("days_in_stage", "days", "a stay of {value} in the current stage", missing=NO_STAGE),
        number("days_since_move", "days", "the last stage move {value} ago", missing=NO_MOVE),
        number("furthest_position", "position", "having reached {value}", missing=NO_STAGE),
        number("stage_moves", "moves", "{value} between stages"),
        number("stage_regressions", "moves back", "{value} to an earlier stage"),
        number("stage_skips", "jumps", "{value} past a stage"),
        number("stages_visited", "stages", "{value} visited"),
        number("funnel_share", "share", share),
        number("stage_pace", "times", pace, missing="no usual time for this stage"),
        number("stage_moves_7d", "moves", "{value} in the last 7 days"),
        number("stage_moves_30d", "moves", "{value} in the last 30 days"),
        number("days_to_first_stage", "signed_days", first, missing=NO_STAGE),
        number("days_in_previous_stage", "days", "a stay of {value} in the previous stage", missing=NO_MOVE),
        number("days_to_stage", "signed_days", current, missing=NO_STAGE),
        number("stage_returns", "returns", "{value} to the current stage"),
    )


def _days_in_each(stages: Sequence[str]) -> list[Feature]:
    features = []
    for name, stage in zip(slugs(stages), stages, strict=True):
        phrase = f"a total of {{value}} in stage {quoted(stage)}"
        features.append(BLOCK.number(f"days_at_{name}", "days", phrase, missing=NO_STAGE, subject=stage))
    return features


@dataclass(frozen=True)
class StageOrder:
    """A model's stages: position by name (from 1), and usual days (stages,) of leads that went on, NaN if unknown."""

    positions: dict[str, int]
    median_days: Floats


def stage_order(stages: Sequence[str], medians: Sequence[float | None]) -> StageOrder:
    """The order of `stages` with their usual days, None for unknown ones."""
    days = [np.nan if median is None else median for median in medians]
    return StageOrder({name: i + 1 for i, name in enumerate(stages)}, np.array(days, dtype=np.float64))


@dataclass(frozen=True)
class StageInputs:
    """One history's stages in a model's order: the position of each stage code, and the usual days of each stage."""

    positions: Ints
    median_days: Floats


def stage_inputs(history: History, order: StageOrder) -> StageInputs:
    """Looks up the history's stage names; a stage that the model does not know comes after the last."""
    beyond = len(order.positions) + 1
    positions = [order.positions.get(name, beyond) for name in history.stages.stage.values]
    return StageInputs(np.array(positions, dtype=np.int64), order.median_days)


def write_stages(out: Floats, at: int, rows: Snapshot, inputs: StageInputs) -> Ints:
    """Writes the block of n rows at column `at`; returns the entry times (n,) of their current stages, or NEVER."""
    history = rows.history
    log = history.stages
    since_us = np.empty(len(rows), dtype=np.int64)
    if len(inputs.median_days):
        stage_rows(
            out, at, since_us, rows.lead, rows.as_of_us, history.created_us,
            log.offsets, log.time_us, log.known_us, log.stage.codes,
            inputs.positions, inputs.median_days,
        )  # fmt: skip
    else:
        since_us[:] = NEVER
        out[:, at + LEAD_AGE] = (rows.as_of_us - history.created_us[rows.lead]) / DAY_US
    return since_us


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
    out[i, at + MOVES] = moves
    out[i, at + REGRESSIONS] = back
    out[i, at + SKIPS] = skips
    out[i, at + VISITED] = visited
    out[i, at + FUNNEL_SHARE] = visited / n
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
