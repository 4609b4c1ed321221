"""Training rows: every open lead on a calendar grid of past instants, plus some leads at creation and stage entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Flags, Ints, Mask
from history.history import OPEN, History
from history.odd_creations import first_creation_us, odd_creations
from history.snapshot import Snapshot, open_leads, state_at
from history.text.times import DAY_US
from training.rows.labels import Labels, label

GRID, CREATION, ENTRY = 0, 1, 2  # origins of a row
# Snapshots of one lead are much alike: on simulated worlds more than two a lead taught nothing.
ROWS_PER_LEAD = 2
FEW_ROWS, MAX_ROWS = 40_000, 300_000  # all of up to FEW_ROWS are read, whatever the number of leads
MAX_DATES = 60
MAX_STEP_DAYS = 14
STEPS_PER_HORIZON = 6
# Rows at creations and stage entries for each row of the grid, at most. All of them took four times as long to fit and
# gained nothing on BPIC 2012; they stay for the moments at which a CRM requests scores (docs/decisions/0010).
MOMENT_SHARE = 0.3


@dataclass(frozen=True)
class Rows:
    """n snapshots with their labels and origins (n,): GRID, CREATION or ENTRY.

    share: the part of all such rows that was drawn, above 0 and at most 1.
    """

    snapshot: Snapshot
    labels: Labels
    origin: Flags
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.snapshot)

    def take(self, index: Mask | Ints) -> "Rows":
        """The rows at `index`, as if no others had been drawn: the share stays."""
        return Rows(self.snapshot.take(index), self.labels.take(index), self.origin[index], self.share)


# ---- the grid


def grid_step_us(horizon_us: int) -> int:
    """The distance of two grid instants: a sixth of the horizon in whole days, between one day and two weeks."""
    step_us = np.clip(horizon_us // STEPS_PER_HORIZON, DAY_US, MAX_STEP_DAYS * DAY_US)
    return int(step_us) // DAY_US * DAY_US


def grid(history: History, last_us: int, step_us: int) -> list[int]:
    """Instants last_us, last_us - step_us, ... back to the first creation that is not odd, oldest first.

    At most MAX_DATES: a longer history is covered by steps of a whole multiple of step_us. Empty if no lead exists by
    last_us.
    """
    span_us = _span_us(history, last_us)
    if span_us < 0:
        return []
    step_us = _widened(span_us, step_us)
    return [last_us - k * step_us for k in range(span_us // step_us + 1)][::-1]


def _span_us(history: History, last_us: int) -> int:
    """Time from the first creation to last_us, odd ones left out; negative without a lead by then."""
    return last_us - first_creation_us(history.created_us) if len(history) else -1


def _widened(span_us: int, step_us: int) -> int:
    """The least multiple of step_us that covers the span with MAX_DATES instants."""
    dates = span_us // step_us + 1
    return step_us * -(-dates // MAX_DATES)


# ---- rows


def training_rows(history: History, seed: int) -> Rows:
    """All training rows of a history cut at T: open leads on the grid up to T - horizon, some creations and entries.

    Every row is matured: its whole horizon is observed, so that slow losses and fast wins count alike. Creations and
    entries are a random sample, each at most half of MOMENT_SHARE of the grid's rows. Of more rows than `row_limit`
    an even sample stays. Leads with an odd creation have no rows.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    random = np.random.default_rng(seed)
    dates = grid(history, last_us, grid_step_us(horizon_us))
    on_grid = _on_grid(history, dates)
    max_moments = int(MOMENT_SHARE * len(on_grid)) // 2
    creations = _sample(_usual(_creations(history, last_us)), max_moments, random)
    entries = _sample(_usual(_entries(history, last_us)), max_moments, random)

    snapshot = _joined(history, [on_grid, creations, entries])
    sizes = [len(on_grid), len(creations), len(entries)]
    origin = np.repeat(np.array([GRID, CREATION, ENTRY], dtype=np.int8), sizes)
    rows = Rows(snapshot, label(snapshot, horizon_us), origin)
    most = row_limit(len(np.unique(snapshot.lead)))
    if len(rows) <= most:
        return rows
    return replace(rows.take(_evenly_by_lead(snapshot, most, random)), share=most / len(rows))


def row_limit(leads: int) -> int:
    """The most rows that are read of a history with rows of so many leads."""
    return min(max(ROWS_PER_LEAD * leads, FEW_ROWS), MAX_ROWS)


def _evenly_by_lead(snapshot: Snapshot, count: int, random: np.random.Generator) -> Ints:
    """`count` positions in order, each as likely as any other, that thin the snapshots of leads before the leads.

    A systematic sample along the rows sorted by lead and time: with half of the rows, every lead keeps half of its own.
    """
    by_lead = np.lexsort((snapshot.as_of_us, snapshot.lead))
    places = np.floor((random.random() + np.arange(count)) * len(snapshot) / count).astype(np.int64)
    return np.sort(by_lead[np.minimum(places, len(snapshot) - 1)])


def recent_rows(history: History, share: float, seed: int) -> Rows:
    """Open leads on the grid between T - horizon and T, whose horizon is not over, with labels as known at T.

    share: the part of the training rows that was drawn; the same part of these is.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    span_us = max(_span_us(history, last_us), 0)
    # The training grid goes on to T in its own step.
    step_us = _widened(span_us, grid_step_us(horizon_us))
    dates = range(last_us + step_us, history.as_of_us, step_us)
    snapshot = _on_grid(history, dates)
    if share < 1:
        count = round(share * len(snapshot))
        snapshot = _drawn(snapshot, count, np.random.default_rng(seed))
    origin = np.full(len(snapshot), GRID, dtype=np.int8)
    return Rows(snapshot, label(snapshot, horizon_us), origin, share)


def _on_grid(history: History, dates: Iterable[int]) -> Snapshot:
    """The open leads at each date, odd creations left out."""
    return _usual(_joined(history, [open_leads(history, at) for at in dates]))


def _usual(snapshot: Snapshot) -> Snapshot:
    """The rows of leads without an odd creation: an open lead of a placeholder's age would be in every snapshot."""
    is_odd = odd_creations(snapshot.history.created_us)
    return snapshot.take(~is_odd[snapshot.lead]) if is_odd.any() else snapshot


def _joined(history: History, snapshots: Sequence[Snapshot]) -> Snapshot:
    """The rows of several snapshots of one history, one after the other."""
    no_rows = np.zeros(0, dtype=np.int64)
    lead = np.concatenate([no_rows, *(snapshot.lead for snapshot in snapshots)])
    as_of_us = np.concatenate([no_rows, *(snapshot.as_of_us for snapshot in snapshots)])
    return Snapshot(history, lead, as_of_us)


def _sample(snapshot: Snapshot, max_rows: int, random: np.random.Generator) -> Snapshot:
    return snapshot if len(snapshot) <= max_rows else _drawn(snapshot, max_rows, random)


def _drawn(snapshot: Snapshot, count: int, random: np.random.Generator) -> Snapshot:
    """`count` random rows, in their order."""
    index = random.choice(len(snapshot), count, replace=False)
    return snapshot.take(np.sort(index))


def _creations(history: History, last_us: int) -> Snapshot:
    """Leads at their creation, by last_us."""
    lead = np.flatnonzero(history.created_us <= last_us).astype(np.int64)
    return _still_open(Snapshot(history, lead, history.created_us[lead]))


def _entries(history: History, last_us: int) -> Snapshot:
    """Leads at the instants, by last_us, at which a stage entry became known."""
    stages = history.stages
    lead = stages.lead
    known_us = stages.known_us
    in_time = (known_us <= last_us) & (known_us >= history.created_us[lead])
    # Entries that became known together, such as an import's, are one instant.
    pairs = np.unique(np.column_stack([lead[in_time], known_us[in_time]]), axis=0).astype(np.int64)
    return _still_open(Snapshot(history, lead=pairs[:, 0], as_of_us=pairs[:, 1]))


def _still_open(snapshot: Snapshot) -> Snapshot:
    state = state_at(snapshot.history, snapshot.lead, snapshot.as_of_us)
    return snapshot.take(state == OPEN)
