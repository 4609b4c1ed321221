"""Training rows: every open lead on a calendar grid of past instants, plus some leads at creation and stage entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from funnel.recording import known_leads
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
FEWEST_RECORDED = 10  # leads won


@dataclass(frozen=True)
class Rows:
    """n snapshots with their labels and origins (n,): GRID, CREATION or ENTRY.

    share: the part of all such rows that was drawn, above 0 and at most 1. from_us: no row is of an earlier instant.
    recorded_us: from when on wins are recorded, 0 for the whole history.
    """

    snapshot: Snapshot
    labels: Labels
    origin: Flags
    share: float = 1.0
    from_us: int = 0
    recorded_us: int = 0

    def __len__(self) -> int:
        return len(self.snapshot)

    @property
    def leads_won(self) -> int:
        """How many leads were won within the horizon of a row."""
        return len(np.unique(self.snapshot.lead[self.labels.won]))

    @property
    def is_timed(self) -> Mask:
        """Whether wins are recorded from the row's instant on (n,): earlier rows know of late wins alone."""
        return np.asarray(self.snapshot.as_of_us >= self.recorded_us)

    def take(self, index: Mask | Ints) -> "Rows":
        """The rows at `index`, as if no others had been drawn: the share stays."""
        return replace(
            self,
            snapshot=self.snapshot.take(index),
            labels=self.labels.take(index),
            origin=self.origin[index],
        )


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
    return _dates_from(first_creation_us(history.created_us), last_us, step_us) if len(history) else []


def _dates_from(first_us: int, last_us: int, step_us: int) -> list[int]:
    """Instants last_us, last_us - step_us, ... that are not before first_us, oldest first, at most MAX_DATES."""
    if last_us < first_us:
        return []
    step_us = _widened(last_us - first_us, step_us)
    return [last_us - k * step_us for k in range((last_us - first_us) // step_us + 1)][::-1]


def _widened(span_us: int, step_us: int) -> int:
    """The least multiple of step_us that covers the span with MAX_DATES instants."""
    dates = span_us // step_us + 1
    return step_us * -(-dates // MAX_DATES)


# ---- rows


def training_rows(history: History, seed: int) -> Rows:
    """All training rows of a history cut at T: open leads on the grid up to T - horizon, some creations and entries.

    Every row is matured: its whole horizon is observed, so that slow losses and fast wins count alike. Creations and
    entries are a random sample, each at most half of MOMENT_SHARE of the grid's rows. Of more rows than `row_limit`
    an even sample stays. Leads with an odd creation have no rows. If wins are recorded only from some instant on, rows
    whose horizon ends before it are left out, unless the others have fewer than FEWEST_RECORDED leads won.
    """
    if not len(history):
        return _rows_from(history, 0, seed)
    first_us = first_creation_us(history.created_us)
    recorded_us = known_leads(history, history.as_of_us).recorded_from_us
    if recorded_us is not None:
        rows = _rows_from(history, max(recorded_us - history.config.horizon_us, first_us), seed)
        if rows.leads_won >= FEWEST_RECORDED:
            return replace(rows, recorded_us=recorded_us)
    return _rows_from(history, first_us, seed)


def _rows_from(history: History, from_us: int, seed: int) -> Rows:
    """The training rows of instants from from_us on."""
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    random = np.random.default_rng(seed)
    on_grid = _on_grid(history, _dates_from(from_us, last_us, grid_step_us(horizon_us)))
    max_moments = int(MOMENT_SHARE * len(on_grid)) // 2
    moments = [
        _sample(_usual(moments), max_moments, random)
        for moments in (_creations(history, from_us, last_us), _entries(history, from_us, last_us))
    ]
    snapshot = _joined(history, [on_grid, *moments])
    sizes = [len(on_grid), *map(len, moments)]
    origin = np.repeat(np.array([GRID, CREATION, ENTRY], dtype=np.int8), sizes)
    rows = Rows(snapshot, label(snapshot, horizon_us), origin, from_us=from_us)
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


def recent_rows(history: History, rows: Rows, seed: int) -> Rows:
    """Open leads on the grid between T - horizon and T, whose horizon is not over, with labels as known at T.

    rows: the training rows, whose grid goes on to T in its own step; the same part of these is drawn.
    """
    horizon_us = history.config.horizon_us
    last_us = history.as_of_us - horizon_us
    step_us = _widened(max(last_us - rows.from_us, 0), grid_step_us(horizon_us))
    dates = range(last_us + step_us, history.as_of_us, step_us)
    snapshot = _on_grid(history, dates)
    if rows.share < 1:
        count = round(rows.share * len(snapshot))
        snapshot = _drawn(snapshot, count, np.random.default_rng(seed))
    origin = np.full(len(snapshot), GRID, dtype=np.int8)
    return replace(rows, snapshot=snapshot, labels=label(snapshot, horizon_us), origin=origin)


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


def _creations(history: History, from_us: int, last_us: int) -> Snapshot:
    """Leads at their creation, from from_us to last_us."""
    in_time = (history.created_us >= from_us) & (history.created_us <= last_us)
    lead = np.flatnonzero(in_time).astype(np.int64)
    return _still_open(Snapshot(history, lead, history.created_us[lead]))


def _entries(history: History, from_us: int, last_us: int) -> Snapshot:
    """Leads at the instants, from from_us to last_us, at which a stage entry became known."""
    stages = history.stages
    lead = stages.lead
    known_us = stages.known_us
    in_time = (known_us <= last_us) & (known_us >= np.maximum(history.created_us[lead], from_us))
    # Entries that became known together, such as an import's, are one instant.
    pairs = np.unique(np.column_stack([lead[in_time], known_us[in_time]]), axis=0).astype(np.int64)
    return _still_open(Snapshot(history, lead=pairs[:, 0], as_of_us=pairs[:, 1]))


def _still_open(snapshot: Snapshot) -> Snapshot:
    state = state_at(snapshot.history, snapshot.lead, snapshot.as_of_us)
    return snapshot.take(state == OPEN)
