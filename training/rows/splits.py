"""Splits into rows to fit on and rows to evaluate: by time, if the history is long enough, else by lead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Ints
from training.rows.dataset import GRID, Rows

FOLDS = 4
# With fewer wins a model of AUC 0.69 was rejected by an evaluation on almost none (docs/decisions/0013).
MIN_FIT_WINS, MIN_EVALUATED_WINS = 50, 20  # leads won


@dataclass(frozen=True)
class Split:
    """Row positions to fit on and to evaluate; as_of_us: the instant of the fit, None if leads are held out instead."""

    fit: Ints
    evaluated: Ints
    as_of_us: int | None


def time_splits(rows: Rows, horizon_us: int, folds: int = FOLDS) -> list[Split]:
    """Up to `folds` splits at past instants, oldest first, with what a training at each would have known.

    At instant V the fit has the rows whose horizon had ended by V; the grid rows from V up to the next split's instant
    are evaluated. A lead may be in both, as an open lead is in use, but no fitted label lies after V. Instants are half
    a horizon apart at least; empty if none leaves MIN_FIT_WINS and MIN_EVALUATED_WINS.
    """
    as_of_us, won = rows.snapshot.as_of_us, rows.labels.won
    on_grid = rows.origin == GRID
    splits: list[Split] = []
    end_us = int(as_of_us.max()) + 1 if len(as_of_us) else 0
    for instant in np.unique(as_of_us[on_grid])[::-1]:
        if len(splits) == folds:
            break
        if splits and end_us - instant < horizon_us // 2:
            continue
        fit = np.flatnonzero(as_of_us + horizon_us <= instant)
        evaluated = np.flatnonzero(on_grid & (as_of_us >= instant) & (as_of_us < end_us))
        if _leads_won(rows, fit) < MIN_FIT_WINS or won[fit].all():
            continue
        if _leads_won(rows, evaluated) < MIN_EVALUATED_WINS:
            continue
        splits.append(Split(fit, evaluated, int(instant)))
        end_us = int(instant)
    return splits[::-1]


def enough_splits(rows: Rows, splits: Sequence[Split], wins: int) -> list[Split]:
    """The fewest of the latest splits that evaluate so many leads won; all splits if they have fewer."""
    chosen: list[Split] = []
    found = 0
    for split in reversed(splits):
        if found >= wins:
            break
        chosen.insert(0, split)
        found += _leads_won(rows, split.evaluated)
    return chosen


def _leads_won(rows: Rows, index: Ints) -> int:
    return len(np.unique(rows.snapshot.lead[index][rows.labels.won[index]]))


def lead_splits(rows: Rows, seed: int, folds: int = FOLDS) -> list[Split]:
    """Splits that each hold out one of `folds` parts of the leads, with all their rows; grid rows are evaluated.

    Splits without evaluated rows, or whose fit has a single outcome, are left out.
    """
    fold = fold_of(rows.snapshot.lead, folds, seed)
    on_grid, won = rows.origin == GRID, rows.labels.won
    splits = []
    for k in range(folds):
        fit = np.flatnonzero(fold != k)
        evaluated = np.flatnonzero((fold == k) & on_grid)
        if won[fit].any() and not won[fit].all() and len(evaluated):
            splits.append(Split(fit, evaluated, None))
    return splits


def fold_of(lead: Ints, folds: int, seed: int) -> Ints:
    """A random fold, 0 to folds - 1, for each row (n,): equal numbers of leads, all rows of a lead in one fold."""
    leads, index = np.unique(lead, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(leads))[index] % folds, dtype=np.int64)
