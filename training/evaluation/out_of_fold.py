"""Out-of-fold predictions: of rows by fits that have seen neither their lead nor their time."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from history.base.arrays import Floats, Ints
from models.figures.additive import AdditiveModel
from models.figures.calibration import intercept_for
from models.figures.kernel import sigmoid
from training.evaluation.baselines import BASELINES, Task
from training.fit.additive import FitSettings
from training.fit.amount import fit_amount, past_wins
from training.fit.calibration import HalfFits, for_half_the_rows
from training.fit.censored import censored_at, fit_matured, fit_with_censored
from training.rows.dataset import GRID
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, fold_of, lead_splits, time_splits
from training.rows.training_set import TrainingSet

Item = TypeVar("Item")
Result = TypeVar("Result")

ROWS_AT_ONCE = 400_000  # of the baselines that run at a time: a logistic regression takes some 8 kB a row
BY_DATE, BY_LEAD = "replay", "held-out leads"  # stored in model cards


class Scheme(NamedTuple):
    """The splits of an evaluation; method is BY_DATE or BY_LEAD."""

    splits: list[Split]
    method: str


def splits_of(training_set: TrainingSet, seed: int) -> Scheme:
    """Splits at past instants if the history is long enough (docs/decisions/0013), else splits of held-out leads."""
    by_date = time_splits(training_set.rows, training_set.horizon_us)
    if by_date:
        return Scheme(by_date, BY_DATE)
    return Scheme(lead_splits(training_set.rows, seed), BY_LEAD)


def predict_splits(
    training_set: TrainingSet,
    splits: Sequence[Split],
    settings: FitSettings,
    matured: Mapping[int, AdditiveModel] | None = None,
) -> OutOfFold:
    """Margins of the rows that each split evaluates, by a model fitted on the rows that it fits.

    Fits also read rows whose horizon was not over at the split's instant (decision 0009). matured: fits without these,
    by instant, as far as they have been made before.
    """
    known = matured or {}

    def margin(split: Split) -> Floats:
        return _predict_split(training_set, split, settings, known)

    margins = parallel_map(margin, splits)
    return OutOfFold(
        rows=np.concatenate([split.evaluated for split in splits]),
        split=np.repeat(np.arange(len(splits)), [len(split.evaluated) for split in splits]),
        margin=np.concatenate(margins),
    )


def parallel_map(work: Callable[[Item], Result], items: Sequence[Item], rows: int = 0) -> list[Result]:
    """work(item) of each item, in order, on one thread per core.

    Threads, not processes: LightGBM and numpy release the interpreter lock, and the rows are not copied
    (docs/decisions/0016). rows: the most that an item copies as a whole; few items run at once if these are many.
    """
    threads = max(1, min(len(items), os.cpu_count() or 1, ROWS_AT_ONCE // max(rows, 1)))
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def _predict_split(
    training_set: TrainingSet, split: Split, settings: FitSettings, matured: Mapping[int, AdditiveModel]
) -> Floats:
    """Margins (m,) of the rows that a split evaluates."""
    at_us = instant_of(training_set, split)
    censored = censored_at(training_set, at_us)
    if split.as_of_us is None:
        # Held-out leads: without this, a fit would see the recent rows of the leads that evaluate it.
        evaluated_leads = training_set.rows.snapshot.lead[split.evaluated]
        censored = censored.take(~np.isin(censored.lead, evaluated_leads))
    elif at_us in matured:
        censored = replace(censored, margin=matured[at_us].margin(censored.values))
    model = fit_with_censored(training_set, split.fit, censored, at_us, settings)
    return model.margin(training_set.values[split.evaluated])


def fit_halves(training_set: TrainingSet, settings: FitSettings) -> HalfFits | None:
    """Two fits on the matured rows of half of the leads each; None unless both halves have both outcomes."""
    rows = training_set.rows
    half = fold_of(rows.snapshot.lead, 2, settings.seed)
    if not all(0 < training_set.won[half == k].sum() < (half == k).sum() for k in (0, 1)):
        return None

    def fitted(k: int) -> AdditiveModel:
        own = replace(for_half_the_rows(settings), seed=settings.seed + k)
        return fit_matured(training_set, np.flatnonzero(half == k), training_set.as_of_us, own)

    models = parallel_map(fitted, (0, 1))
    margin = np.stack([model.margin(training_set.values) for model in models])
    return HalfFits(half, models, margin, rows.origin == GRID)


def instant_of(training_set: TrainingSet, split: Split) -> int:
    """The instant at which a split's fit stands: its own, or T if leads are held out."""
    return split.as_of_us or training_set.as_of_us


def expected_amounts(training_set: TrainingSet, splits: Sequence[Split], seed: int) -> Floats:
    """E[amount | won] (n,) of the splits' evaluated rows, from the wins of each fit; NaN if they have no amounts."""

    def expected(split: Split) -> Floats:
        wins = past_wins(training_set, split.fit, instant_of(training_set, split))
        model = fit_amount(wins, training_set.features, seed)
        values = training_set.values[split.evaluated]
        return model.predict(values)[0] if model else np.full(len(values), np.nan)

    return np.concatenate(parallel_map(expected, splits))


def baseline_predictions(training_set: TrainingSet, splits: Sequence[Split]) -> dict[str, Floats]:
    """Probabilities (n,) of every baseline for the same rows, fitted on the same splits."""

    def predict(split: Split) -> dict[str, Floats]:
        # One task for all baselines, some of which share codes of the values.
        task = task_of(training_set, split.fit)
        values = training_set.values[split.evaluated]
        return {name: fit(task)(values) for name, fit in BASELINES.items()}

    by_split = parallel_map(predict, splits, max(len(split.fit) for split in splits))
    return {name: np.concatenate([predicted[name] for predicted in by_split]) for name in BASELINES}


def task_of(training_set: TrainingSet, rows: Ints) -> Task:
    """What baselines are fitted on: the grid rows among `rows` (positions), or all of them if those have one class.

    Grid rows are how leads look when they are scored; the others over-represent creations and stage entries.
    """
    grid = rows[training_set.rows.origin[rows] == GRID]
    won = training_set.won[grid]
    chosen = grid if 0 < won.sum() < len(grid) else rows
    return Task(
        training_set.values[chosen],
        training_set.features,
        training_set.won[chosen],
        training_set.binned.take(chosen),
    )


def recentred(margin: Floats, won: Floats, split: Ints) -> Floats:
    """Probabilities (n,) of margins with one intercept a split, set so that each split predicts its actual wins.

    Evaluates order and spread alone: a level that moved between splits neither helps nor hurts.
    """
    out = np.empty(len(margin))
    for k in np.unique(split):
        rows = split == k
        out[rows] = sigmoid(margin[rows] + intercept_for(margin[rows], float(won[rows].sum())))
    return out
