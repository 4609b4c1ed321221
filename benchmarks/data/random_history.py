"""Random histories in memory, for the benchmark of features."""

import numpy as np

from history.base.arrays import Codes, Ints
from history.config.config import FunnelConfig
from history.history import Changes, Factor, History, Interactions, Outcomes, Stages, empty_factor
from history.text.times import DAY_US

NOW_US = 1_750_000_000_000_000
KINDS = ("call", "mail", "demo", "meeting", "visit", "form", "chat", "note")
CHANNELS = ("phone", "web", "mail")
STAGES = ("new", "qualified", "demo", "offer", "talks")
EXACT_LEADS = 10_000  # up to as many leads have exactly the mean number of interactions


def random_history(leads: int, mean: float, attributes: int) -> History:
    """Leads created over 400 days, each with about `mean` interactions, five stages, an outcome and attributes."""
    rng = np.random.default_rng(1)
    created_us = NOW_US - rng.integers(1, 400, leads) * DAY_US
    counts = np.full(leads, int(mean)) if leads <= EXACT_LEADS else rng.poisson(mean, leads)
    interactions = _interactions(rng, created_us, counts)
    stages = _stages(rng, created_us)
    outcomes = _outcomes(rng, created_us)
    no_rows = np.zeros(leads + 1, dtype=np.int64)
    return History(
        FunnelConfig(stages=STAGES),
        NOW_US,
        [f"lead {i}" for i in range(leads)],
        created_us,
        {f"attribute {j}": _attribute(rng, j, leads) for j in range(attributes)},
        interactions,
        stages,
        outcomes,
        Changes(no_rows, no_rows[:0], no_rows[:0], empty_factor(), empty_factor()),
    )


def _interactions(rng: np.random.Generator, created_us: Ints, counts: Ints) -> Interactions:
    times_us, offsets = _times(rng, created_us, counts)
    n = len(times_us)
    kind = Factor(rng.integers(0, len(KINDS), n).astype(np.int32), KINDS)
    channel = Factor(rng.integers(0, len(CHANNELS), n).astype(np.int32), CHANNELS)
    direction = rng.integers(0, 3, n).astype(np.int8)
    value = np.where(rng.random(n) < 0.1, rng.random(n), np.nan)
    return Interactions(offsets, times_us, times_us, kind, channel, direction, value)


def _stages(rng: np.random.Generator, created_us: Ints) -> Stages:
    times_us, offsets = _times(rng, created_us, np.full(len(created_us), len(STAGES)))
    stage = Factor(rng.integers(0, len(STAGES), len(times_us)).astype(np.int32), STAGES)
    return Stages(offsets, times_us, times_us, stage)


def _outcomes(rng: np.random.Generator, created_us: Ints) -> Outcomes:
    """One outcome a lead, without amount."""
    leads = len(created_us)
    closed_us = created_us + rng.integers(1, 200, leads) * DAY_US
    state = rng.integers(1, 3, leads).astype(np.int8)
    amount, implied = np.full(leads, np.nan), np.zeros(leads, dtype=np.bool_)
    return Outcomes(np.arange(leads + 1), closed_us, closed_us, state, amount, empty_factor(leads), implied)


def _times(rng: np.random.Generator, created_us: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Times within 120 days of creation, in order within each lead, and their offsets (leads + 1,)."""
    lead = np.repeat(np.arange(len(created_us)), counts)
    times_us = created_us[lead] + rng.integers(0, 120 * DAY_US, len(lead))
    order = np.lexsort((times_us, lead))
    return times_us[order], np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _attribute(rng: np.random.Generator, j: int, leads: int) -> Factor:
    """A number, a category, a boolean or a date, by turns."""
    values = (
        [str(number) for number in range(1_000)],
        [f"category {c}" for c in range(30)],
        ["true", "false"],
        [f"2026-0{1 + day // 28 % 9}-{1 + day % 28:02d}" for day in range(250)],
    )[j % 4]
    codes: Codes = rng.integers(0, len(values), leads).astype(np.int32)
    return Factor(codes, values)


def single_lead(history: History, i: int) -> History:
    """Lead i alone, without outcome, as a request brings it."""
    interactions, stages, outcomes = history.interactions, history.stages, history.outcomes
    touches, entries = _rows(interactions.offsets, i), _rows(stages.offsets, i)
    no_rows, none = np.zeros(2, dtype=np.int64), outcomes.time_us[:0]
    return History(
        history.config,
        history.as_of_us,
        ["one"],
        history.created_us[i : i + 1],
        {name: _slice(column, slice(i, i + 1)) for name, column in history.attributes.items()},
        Interactions(
            _offsets(touches),
            interactions.time_us[touches],
            interactions.known_us[touches],
            _slice(interactions.kind, touches),
            _slice(interactions.channel, touches),
            interactions.direction[touches],
            interactions.value[touches],
        ),
        Stages(
            _offsets(entries),
            stages.time_us[entries],
            stages.known_us[entries],
            _slice(stages.stage, entries),
        ),
        Outcomes(
            no_rows, none, none, outcomes.state[:0], outcomes.amount[:0], empty_factor(), outcomes.implied[:0]
        ),
        Changes(no_rows, none, none, empty_factor(), empty_factor()),
    )


def _rows(offsets: Ints, i: int) -> slice:
    return slice(int(offsets[i]), int(offsets[i + 1]))


def _offsets(rows: slice) -> Ints:
    return np.array([0, rows.stop - rows.start], dtype=np.int64)


def _slice(column: Factor, rows: slice) -> Factor:
    return Factor(column.codes[rows], column.values).compact()
