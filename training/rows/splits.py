"""Which rows fit and which judge: replayed past instants where history allows, else leads held out together."""

from dataclasses import dataclass

import numpy as np

from history.arrays import Ints
from training.rows.dataset import GRID, Rows

FOLDS = 4
MIN_FIT_WINS, MIN_JUDGE_WINS = 50, 20  # leads won


@dataclass(frozen=True)
class Split:
    """One fit and judgement: row indices, the instant replayed (None where leads are held out instead)."""

    fit: Ints
    judge: Ints
    as_of_us: int | None


def replay_splits(rows: Rows, horizon_us: int, folds: int = FOLDS) -> list[Split]:
    """Splits as a deployment at past instants would have had them, oldest first.

    At instant V the fit has the rows whose horizon had ended by V; the judge has the grid rows from V up to
    the next instant. A lead may be in both, as an open lead is in real use, but no fitted label lies after V.
    """
    at, won = rows.snapshot.as_of_us, rows.labels.won
    is_grid = rows.origin == GRID
    splits: list[Split] = []
    end = int(at.max()) + 1 if len(at) else 0
    for v in np.unique(at[is_grid])[::-1]:
        if len(splits) == folds:
            break
        if splits and end - v < horizon_us // 2:
            continue
        fit = np.flatnonzero(at + horizon_us <= v)
        judge = np.flatnonzero(is_grid & (at >= v) & (at < end))
        if _leads_won(rows, fit) < MIN_FIT_WINS or won[fit].all() or _leads_won(rows, judge) < MIN_JUDGE_WINS:
            continue
        splits.append(Split(fit, judge, int(v)))
        end = int(v)
    return splits[::-1]


def _leads_won(rows: Rows, index: Ints) -> int:
    return len(np.unique(rows.snapshot.lead[index][rows.labels.won[index]]))


def lead_splits(rows: Rows, seed: int, folds: int = FOLDS) -> list[Split]:
    """Splits that hold out a quarter of the leads each, with all their snapshots."""
    fold = fold_of(rows.snapshot.lead, folds, seed)
    is_grid = rows.origin == GRID
    every = [
        Split(np.flatnonzero(fold != k), np.flatnonzero((fold == k) & is_grid), None) for k in range(folds)
    ]
    won = rows.labels.won
    return [s for s in every if won[s.fit].any() and not won[s.fit].all() and len(s.judge)]


def fold_of(lead: Ints, folds: int, seed: int) -> Ints:
    """A fold 0..folds - 1 for each row (n,), drawn by lead: equal numbers of leads, all rows of one together."""
    leads, index = np.unique(lead, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(leads))[index] % folds, dtype=np.int64)
