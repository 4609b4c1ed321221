"""Training rows: every open lead on a calendar grid of past instants, plus leads at creation and stage entries."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from history.arrays import Flags
from history.history import DAY_US, OPEN, History
from history.snapshot import Snapshot, open_leads, state_at
from training.rows.labels import Labels, label

GRID, CREATION, ENTRY = 0, 1, 2
MAX_ROWS = 40_000
MAX_DATES = 60
MOMENT_SHARE = 0.3  # rows at creations and stage entries, at most, for each row of the grid


@dataclass(frozen=True)
class Rows:
    """n snapshots with their labels, and where each comes from: GRID, CREATION or ENTRY.

    share: the part of all such rows that was drawn.
    """

    snapshot: Snapshot
    labels: Labels
    origin: Flags
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.snapshot)

    def take(self, index: npt.NDArray[np.generic]) -> "Rows":
        labels = Labels(
            self.labels.outcome[index],
            self.labels.days[index],
            self.labels.amount[index],
            self.labels.matured[index],
        )
        return Rows(self.snapshot.take(index), labels, self.origin[index], self.share)


def grid_step_us(horizon_us: int) -> int:
    """Days between two instants of the grid: a sixth of the horizon, between one day and two weeks."""
    return int(np.clip(horizon_us // 6, DAY_US, 14 * DAY_US)) // DAY_US * DAY_US


def grid(history: History, last_us: int, step_us: int) -> list[int]:
    """Instants last_us, last_us - step, ... back to the first lead's creation, oldest first.

    At most MAX_DATES: a longer history is covered by steps of a whole multiple of step_us.
    """
    span = _span(history, last_us)
    if span < 0:
        return []
    step_us = _widened(span, step_us)
    return [last_us - k * step_us for k in range(span // step_us + 1)][::-1]


def _span(history: History, last_us: int) -> int:
    return last_us - int(history.created_us.min()) if len(history) else -1


def _widened(span_us: int, step_us: int) -> int:
    return step_us * -(-(span_us // step_us + 1) // MAX_DATES)


def training_rows(history: History, seed: int) -> Rows:
    """All training rows of a history cut at T: open leads on the grid up to T - horizon, and some creations
    and stage entries.

    Only matured rows: the whole horizon of each has been seen, so that slow losses and fast wins count alike. Creations
    and entries are a sample of MOMENT_SHARE of the grid's size: they show the model leads at the moments at which a CRM
    asks, and more of them bought nothing on real sets. Above MAX_ROWS a random sample of all stays.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    random = np.random.default_rng(seed)
    dates = [open_leads(history, at) for at in grid(history, last_us, grid_step_us(horizon_us))]
    on_grid = sum(map(len, dates))
    moments = [_creations(history, last_us), _entries(history, last_us)]
    most = int(MOMENT_SHARE * on_grid) // 2
    parts = [*dates, *(_sample(s, most, random) for s in moments)]
    lead = np.concatenate([s.lead for s in parts]).astype(np.int64)
    at = np.concatenate([s.as_of_us for s in parts]).astype(np.int64)
    origin = np.repeat(
        np.array([GRID, CREATION, ENTRY], dtype=np.int8), [on_grid, len(parts[-2]), len(parts[-1])]
    )
    rows = Rows(Snapshot(history, lead, at), label(Snapshot(history, lead, at), horizon_us), origin)
    if len(rows) <= MAX_ROWS:
        return rows
    drawn = rows.take(np.sort(random.choice(len(rows), MAX_ROWS, replace=False)))
    return replace(drawn, share=MAX_ROWS / len(rows))


def recent_rows(history: History, share: float, seed: int) -> Rows:
    """The grid goes on behind T - horizon: open leads whose horizon is not over, and what is known of them at T.

    share: the part of the training rows that was drawn; as much of these is.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    step_us = _widened(max(_span(history, last_us), 0), grid_step_us(horizon_us))
    dates = range(last_us + step_us, history.as_of_us, step_us)
    parts = [open_leads(history, at) for at in dates]
    nothing = np.zeros(0, dtype=np.int64)
    lead = np.concatenate([nothing, *(s.lead for s in parts)])
    at_us = np.concatenate([nothing, *(s.as_of_us for s in parts)])
    snapshot = Snapshot(history, lead, at_us)
    if share < 1:
        count = round(share * len(snapshot))
        random = np.random.default_rng(seed)
        snapshot = snapshot.take(np.sort(random.choice(len(snapshot), count, replace=False)))
    origin = np.full(len(snapshot), GRID, dtype=np.int8)
    return Rows(snapshot, label(snapshot, horizon_us), origin, share)


def _sample(snapshot: Snapshot, most: int, random: np.random.Generator) -> Snapshot:
    if len(snapshot) <= most:
        return snapshot
    return snapshot.take(np.sort(random.choice(len(snapshot), most, replace=False)))


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
