"""Training rows: every open lead on a calendar grid of past instants, plus each lead at its creation and stage entries."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.event_log import DAY_US, OPEN, Flags, Floats, History
from features.snapshot import Snapshot, open_leads, state_at
from training.labels import Labels, label

GRID, CREATION, ENTRY = 0, 1, 2
MAX_ROWS = 60_000
MAX_DATES = 60
MOMENT_WEIGHT = 0.25  # of a row at creation or stage entry beside one of the grid


@dataclass(frozen=True)
class Rows:
    """n snapshots with their labels, where each comes from (GRID, CREATION or ENTRY) and its weight."""

    snapshot: Snapshot
    labels: Labels
    origin: Flags
    weight: Floats

    def __len__(self) -> int:
        return len(self.snapshot)

    def take(self, index: npt.NDArray[np.generic]) -> "Rows":
        labels = Labels(self.labels.outcome[index], self.labels.days[index], self.labels.amount[index], self.labels.matured[index])
        return Rows(self.snapshot.take(index), labels, self.origin[index], self.weight[index])


def grid_step_us(horizon_us: int) -> int:
    """Days between two instants of the grid: a sixth of the horizon, between one day and two weeks."""
    return int(np.clip(horizon_us // 6, DAY_US, 14 * DAY_US)) // DAY_US * DAY_US


def grid(history: History, last_us: int, step_us: int) -> list[int]:
    """Instants last_us, last_us - step, ... back to the first lead's creation, oldest first, at most MAX_DATES."""
    if not len(history):
        return []
    first = int(history.created_us.min())
    count = min(max((last_us - first) // step_us + 1, 0), MAX_DATES)
    return [last_us - k * step_us for k in range(count)][::-1]


def training_rows(history: History, seed: int) -> Rows:
    """All training rows of a history cut at T: open leads on the grid up to T - horizon, creations and stage entries before that.

    Only matured rows: the whole horizon of each has been seen, so that slow losses and fast wins count alike. Above MAX_ROWS a
    random sample of rows stays.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    parts = [open_leads(history, at) for at in grid(history, last_us, grid_step_us(horizon_us))]
    moments = [_creations(history, last_us), _entries(history, last_us)]
    sizes = [sum(map(len, parts)), *map(len, moments)]
    lead = np.concatenate([s.lead for s in parts + moments]).astype(np.int64)
    at = np.concatenate([s.as_of_us for s in parts + moments]).astype(np.int64)
    origin = np.repeat(np.array([GRID, CREATION, ENTRY], dtype=np.int8), sizes)
    if len(lead) > MAX_ROWS:
        keep = np.sort(np.random.default_rng(seed).choice(len(lead), MAX_ROWS, replace=False))
        lead, at, origin = lead[keep], at[keep], origin[keep]
    snapshot = Snapshot(history, lead, at)
    return Rows(snapshot, label(snapshot, horizon_us), origin, np.where(origin == GRID, 1.0, MOMENT_WEIGHT))


def _creations(history: History, last_us: int) -> Snapshot:
    lead = np.flatnonzero(history.created_us <= last_us).astype(np.int64)
    return _still_open(Snapshot(history, lead, history.created_us[lead]))


def _entries(history: History, last_us: int) -> Snapshot:
    stages = history.stages
    lead = np.repeat(np.arange(len(history)), np.diff(stages.offsets))
    at = stages.known_us
    keep = (at <= last_us) & (at >= history.created_us[lead]) if len(at) else np.zeros(0, dtype=bool)
    pairs = np.unique(np.column_stack([lead[keep], at[keep]]), axis=0)
    return _still_open(Snapshot(history, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)))


def _still_open(snapshot: Snapshot) -> Snapshot:
    return snapshot.take(state_at(snapshot.history, snapshot.lead, snapshot.as_of_us) == OPEN)
