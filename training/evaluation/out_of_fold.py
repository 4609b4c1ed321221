"""Predictions for rows that a fit had not seen, as a deployment at past instants would have made them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from history.arrays import Floats, Ints
from models.calibration import intercept_for, sigmoid
from models.parameters import Parameters
from training.evaluation.baselines import BASELINES, Task
from training.fit.additive import FitSettings
from training.fit.amount import fit_amount, past_wins
from training.fit.censored import censored_at, fit_matured, fit_with_censored
from training.rows.dataset import GRID
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, lead_splits, replay_splits
from training.rows.training_set import TrainingSet

Item = TypeVar("Item")
Result = TypeVar("Result")


def splits_of(training_set: TrainingSet, seed: int) -> tuple[list[Split], str]:
    """Replayed instants where history is long enough, else held-out leads; and which of the two, for people."""
    replayed = replay_splits(training_set.rows, training_set.horizon_us)
    if replayed:
        return replayed, "replay"
    return lead_splits(training_set.rows, seed), "held-out leads"


def predict_splits(
    training_set: TrainingSet,
    splits: Sequence[Split],
    parameters: Parameters,
    seed: int,
    use_censored: bool = True,
) -> OutOfFold:
    """Margins of every split's judged rows from a model fitted on its own rows."""
    margins = side_by_side(lambda s: predict_split(training_set, s, parameters, seed, use_censored), splits)
    return OutOfFold(
        np.concatenate([s.judge for s in splits]),
        np.repeat(np.arange(len(splits)), [len(s.judge) for s in splits]),
        np.concatenate(margins),
    )


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """work(item) for each item, in order, one thread a core: fits leave Python's lock while they count."""
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 1) or 1) as pool:
        return list(pool.map(work, items))


def predict_split(
    training_set: TrainingSet, split: Split, parameters: Parameters, seed: int, use_censored: bool = True
) -> Floats:
    """Margins of the split's judged rows; use_censored: whether the fit also reads rows whose horizon was not over."""
    at_us = split.as_of_us or training_set.rows.snapshot.history.as_of_us
    if use_censored:
        later = censored_at(training_set, at_us)
        if split.as_of_us is None:
            later = later.take(~np.isin(later.lead, training_set.rows.snapshot.lead[split.judge]))
        model = fit_with_censored(training_set, split.fit, later, at_us, FitSettings(parameters, seed))
    else:
        model = fit_matured(training_set, split.fit, at_us, FitSettings(parameters, seed))
    return model.margin(training_set.values[split.judge])


def expected_amounts(training_set: TrainingSet, splits: Sequence[Split], seed: int) -> Floats:
    """E[amount | won] of every split's judged rows (n,) from the wins that its fit saw; NaN without amounts."""

    def one(split: Split) -> Floats:
        at_us = split.as_of_us or training_set.rows.snapshot.history.as_of_us
        model = fit_amount(past_wins(training_set, split.fit, at_us), training_set.features, seed)
        values = training_set.values[split.judge]
        return model.predict(values)[0] if model else np.full(len(values), np.nan)

    return np.concatenate(side_by_side(one, splits))


def baseline_predictions(training_set: TrainingSet, splits: Sequence[Split]) -> dict[str, Floats]:
    """Probabilities of every baseline for the same judged rows, fitted on the same splits' grid rows."""

    def one(job: tuple[Split, str]) -> Floats:
        split, name = job
        fit = split.fit[training_set.rows.origin[split.fit] == GRID]
        if not len(fit) or not 0 < training_set.won[fit].sum() < len(fit):
            fit = split.fit
        task = Task(training_set.values[fit], training_set.features, training_set.won[fit])
        return BASELINES[name](task)(training_set.values[split.judge])

    jobs = [(split, name) for name in BASELINES for split in splits]
    found = side_by_side(one, jobs)
    return {
        name: np.concatenate([p for (_, n), p in zip(jobs, found, strict=True) if n == name])
        for name in BASELINES
    }


def recentred(margin: Floats, won: Floats, split: Ints) -> Floats:
    """Probabilities whose sum in each split is its number of wins: the margin with one intercept a split.

    What is left is order and spread alone: a level that moved between splits neither helps nor hurts.
    """
    out = np.empty(len(margin))
    for k in np.unique(split):
        part = split == k
        out[part] = sigmoid(margin[part] + intercept_for(margin[part], float(won[part].sum())))
    return out
