"""Stage features: where the lead stands, since when, how it came there, and its pace against leads that went on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import types

from features.feature import Feature, feature, quoted, slugs
from history.arrays import Codes, Floats, Ints
from history.compiled import F64, I32, I64, OUT, OUT_I64, compiled
from history.history import DAY_US, HOUR_US, History

NEVER = int(np.iinfo(np.int64).min)
BLOCK = "stages"
N_FIXED = 18


def features(stages: Sequence[str]) -> tuple[Feature, ...]:
    """The columns of the block in the order in which stage_rows writes them; but the age where no stage is known."""
    age = feature("lead_age_days", "days", "being {value} old", BLOCK)
    if not stages:
        return (age,)
    unentered = "having entered no stage yet"
    unmoved = "not having moved between stages"
    n = len(stages)
    fixed = (
        age,
        feature("stage", "stage", "standing in {value}", BLOCK, kind="category", missing=unentered),
        feature("stage_position", "position", "standing at {value}", BLOCK, missing=unentered),
        feature(
            "days_in_stage", "days", "spending {value} in the current stage so far", BLOCK, missing=unentered
        ),
        feature("days_since_move", "days", "the last stage move being {value} ago", BLOCK, missing=unmoved),
        feature("furthest_position", "position", "having come as far as {value}", BLOCK, missing=unentered),
        feature("stage_moves", "moves", "having made {value} between stages", BLOCK),
        feature("stage_regressions", "moves back", "having made {value} to an earlier stage", BLOCK),
        feature("stage_skips", "jumps", "having made {value} past a stage", BLOCK),
        feature("stages_visited", "stages", "having visited {value}", BLOCK),
        feature("funnel_share", "share", f"having visited {{value}} of the funnel's {n} stages", BLOCK),
        feature(
            "stage_pace",
            "times",
            "being in the stage for {value} as long as leads that went on from it usually are",
            BLOCK,
            missing="having no usual time for its stage",
        ),
        feature("stage_moves_7d", "moves", "having made {value} in the last 7 days", BLOCK),
        feature("stage_moves_30d", "moves", "having made {value} in the last 30 days", BLOCK),
        feature(
            "days_to_first_stage",
            "signed_days",
            "entering its first stage {value} creation",
            BLOCK,
            missing=unentered,
        ),
        feature(
            "days_in_previous_stage",
            "days",
            "having spent {value} in the stage before this one",
            BLOCK,
            missing=unmoved,
        ),
        feature(
            "days_to_stage",
            "signed_days",
            "reaching the current stage {value} creation",
            BLOCK,
            missing=unentered,
        ),
        feature("stage_returns", "returns", "having made {value} to the current stage", BLOCK),
    )
    each = tuple(
        feature(
            f"days_at_{name}",
            "days",
            f"having spent {{value}} in stage {quoted(stage)}",
            BLOCK,
            subject=stage,
            missing=unentered,
        )
        for name, stage in zip(slugs(stages), stages, strict=True)
    )
    return fixed + each


@dataclass(frozen=True)
class StageOrder:
    """The model's stages: position by name (from 1), and the median days of leads that went on, NaN where unknown."""

    positions: dict[str, int]
    median_days: Floats


def stage_order(stages: Sequence[str], medians: Sequence[float | None]) -> StageOrder:
    known = [np.nan if m is None else m for m in medians]
    return StageOrder({name: i + 1 for i, name in enumerate(stages)}, np.array(known, dtype=np.float64))


def positions_of(names: Sequence[str], order: StageOrder) -> Ints:
    """The position of each stage name; a stage that the model doesn't know comes after the last."""
    beyond = len(order.positions) + 1
    return np.array([order.positions.get(name, beyond) for name in names], dtype=np.int64)


def fill(
    out: Floats, at: int, history: History, rows: tuple[Ints, Ints], prepared: tuple[Ints, Floats]
) -> Ints:
    """Writes the block for rows (lead, as_of) at column `at`; returns since when each is in its stage, or NEVER."""
    lead, as_of = rows
    positions, medians = prepared
    log = history.stages
    since = np.empty(len(lead), dtype=np.int64)
    if len(medians):
        stage_rows(
            out, at, since, lead, as_of, history.created_us,
            log.offsets, log.time_us, log.known_us, log.stage.codes, positions, medians,
        )  # fmt: skip
    else:
        since[:] = NEVER
        out[:, at] = (as_of - history.created_us[lead]) / DAY_US
    return since


@compiled()
def _path(
    out: Floats, i: int, at: int, begin: int, end: int, as_of: int, created: int,
    time: Ints, known: Ints, stage: Codes, positions: Ints, visits: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Walks one lead's visible stage rows; returns the current raw stage (-1 none), its position and since when."""
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
            out[i, at + 4] = (as_of - time[r]) / DAY_US
            out[i, at + 15] = (time[r] - since) / DAY_US
            if position <= n:
                out[i, at + N_FIXED + position - 1] += (time[r] - since) / DAY_US
        else:
            out[i, at + 14] = (time[r] - created) / DAY_US
            for s in range(n):
                out[i, at + N_FIXED + s] = 0.0
        visits[to - 1] += 1
        visited += visits[to - 1] == 1 and to <= n
        furthest = max(furthest, to)
        current, position, since = stage[r], to, time[r]
    out[i, at + 6] = moves
    out[i, at + 7] = back
    out[i, at + 8] = skips
    out[i, at + 9] = visited
    out[i, at + 10] = visited / n
    out[i, at + 12] = week
    out[i, at + 13] = month
    if current >= 0:
        out[i, at + 5] = furthest
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
    """Writes the stage figures of each row into out (n, k) from column `at`, and since (n,).

    An entry into the stage the lead is in already is no move and does not begin it anew. Positions run from 1; the last
    plus one is every stage unknown to the model. The pace is against at least one hour, so that a stage left at once
    does not blow it up.
    """
    n = len(medians)
    visits = np.empty(n + 1, dtype=np.int64)
    for i in range(len(lead)):
        born = created[lead[i]]
        for c in range(at, at + N_FIXED + n):
            out[i, c] = np.nan
        visits[:] = 0
        out[i, at] = (as_of[i] - born) / DAY_US
        out[i, at + 1] = 0.0
        out[i, at + 17] = 0.0
        current, position, start = _path(
            out, i, at, offsets[lead[i]], offsets[lead[i] + 1], as_of[i], born,
            time, known, stage, positions, visits,
        )  # fmt: skip
        since[i] = start
        if current < 0:
            continue
        days = (as_of[i] - start) / DAY_US
        out[i, at + 1] = position + 1.0 if position <= n else 1.0
        out[i, at + 2] = position
        out[i, at + 3] = days
        out[i, at + 16] = (start - born) / DAY_US
        out[i, at + 17] = visits[position - 1] - 1.0
        if position <= n:
            out[i, at + N_FIXED + position - 1] += days
            if not np.isnan(medians[position - 1]):
                out[i, at + 11] = days / max(medians[position - 1], HOUR_US / DAY_US)
