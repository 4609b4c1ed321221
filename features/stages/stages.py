"""Stage features: position in the funnel, time in stages, moves, and the pace against leads that went on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.feature import Block, Feature, quoted, shortened, slugs
from features.instants import NO_INSTANT
from features.stages.kernel import LEAD_AGE, stage_rows
from history.base.arrays import Floats, Ints
from history.history import History
from history.snapshot import Snapshot
from history.text.times import DAY_US

BLOCK = Block("stages")

NO_STAGE = "no stage entered yet"
NO_MOVE = "no move between stages yet"


def stage_features(stages: Sequence[str]) -> tuple[Feature, ...]:
    """The columns of the block in matrix order; only the lead's age if the funnel has no stages."""
    age = BLOCK.number("lead_age_days", "days", "an age of {value}", missing="an unknown age")
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
        number("funnel_share", "share", share).worded("funnel_share", stages=n_stages),
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
        column = BLOCK.number(f"days_at_{name}", "days", phrase, missing=NO_STAGE, subject=stage)
        features.append(column.worded("days_at_stage", name=shortened(stage)))
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
    """Writes the block of n rows at column `at`; returns the entry times (n,) of their current stages."""
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
        since_us[:] = NO_INSTANT
        out[:, at + LEAD_AGE] = (rows.as_of_us - history.created_us[rows.lead]) / DAY_US
    return since_us
