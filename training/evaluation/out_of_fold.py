"""Predictions for rows that a fit had not seen, as a deployment at past instants would have made them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from history.arrays import Floats, Ints
from history.history import DAY_US
from models.calibration import sigmoid
from models.parameters import Parameters
from training.evaluation.baselines import BASELINES, Task
from training.fit.amount import Wins, fit_amount
from training.fit.censored import fit_matured, fit_on_all, unfinished_at
from training.rows.dataset import GRID
from training.rows.splits import Split, lead_splits, replay_splits
from training.rows.training_set import Material

Item = TypeVar("Item")
Result = TypeVar("Result")


def splits_of(material: Material, seed: int) -> tuple[list[Split], str]:
    """Replayed instants where history is long enough, else held-out leads; and which of the two, for people."""
    replayed = replay_splits(material.rows, material.horizon_us)
    if replayed:
        return replayed, "replay"
    return lead_splits(material.rows, seed), "held-out leads"


@dataclass(frozen=True)
class Predicted:
    """Judged rows, one after the other: row positions, the split each belongs to, margins, E[amount | won] (NaN where
    the split knew of no amount; None where nobody asked).
    """

    rows: Ints
    split: Ints
    margin: Floats
    amount: Floats | None = None

    @property
    def expected(self) -> Floats:
        """E[amount | won] (n,), NaN where nothing is known of it."""
        return np.full(len(self.rows), np.nan) if self.amount is None else self.amount


def predict_splits(
    material: Material, splits: Sequence[Split], parameters: Parameters, seed: int, unfinished: bool = True
) -> Predicted:
    """Margins of every split's judged rows from a model fitted on its own rows."""
    margins = side_by_side(lambda s: predict_split(material, s, parameters, seed, unfinished), splits)
    return Predicted(
        np.concatenate([s.judge for s in splits]),
        np.repeat(np.arange(len(splits)), [len(s.judge) for s in splits]),
        np.concatenate(margins),
    )


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """work(item) for each item, in order, one thread a core: fits leave Python's lock while they count."""
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 1) or 1) as pool:
        return list(pool.map(work, items))


def predict_split(
    material: Material, split: Split, parameters: Parameters, seed: int, unfinished: bool = True
) -> Floats:
    """Margins of the split's judged rows; unfinished: whether the fit also reads rows whose horizon was not over."""
    at_us = split.as_of_us or material.rows.snapshot.history.as_of_us
    if unfinished:
        later = unfinished_at(material, at_us)
        if split.as_of_us is None:
            later = later.take(~np.isin(later.lead, material.rows.snapshot.lead[split.judge]))
        model = fit_on_all(material, split.fit, later, at_us, (parameters, seed))
    else:
        model = fit_matured(material, split.fit, at_us, (parameters, seed))
    return model.margin(material.values[split.judge])


def past_wins(material: Material, rows: Ints, at_us: int) -> Wins:
    """The wins among matured rows `rows` (indices), as old as they are at at_us."""
    won = rows[material.rows.labels.won[rows]]
    labels, snapshot = material.rows.labels, material.rows.snapshot
    closed_us = snapshot.as_of_us[won] + (labels.days[won] * DAY_US).astype(np.int64)
    age = (at_us - closed_us) / material.horizon_us
    return Wins(material.values[won], labels.amount[won], snapshot.lead[won], age)


def expected_amounts(material: Material, splits: Sequence[Split], seed: int) -> Floats:
    """E[amount | won] of every split's judged rows (n,) from the wins that its fit saw; NaN without amounts."""

    def one(split: Split) -> Floats:
        at_us = split.as_of_us or material.rows.snapshot.history.as_of_us
        model = fit_amount(past_wins(material, split.fit, at_us), material.features, seed)
        values = material.values[split.judge]
        return model.predict(values)[0] if model else np.full(len(values), np.nan)

    return np.concatenate(side_by_side(one, splits))


def baseline_predictions(material: Material, splits: Sequence[Split]) -> dict[str, Floats]:
    """Probabilities of every baseline for the same judged rows, fitted on the same splits' grid rows."""

    def one(job: tuple[Split, str]) -> Floats:
        split, name = job
        fit = split.fit[material.rows.origin[split.fit] == GRID]
        if not len(fit) or not 0 < material.won[fit].sum() < len(fit):
            fit = split.fit
        task = Task(material.values[fit], material.features, material.won[fit])
        return BASELINES[name](task)(material.values[split.judge])

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


def intercept_for(margin: Floats, wins: float, weight: Floats | None = None) -> float:
    """The shift of log-odds at which the (weighted) probabilities sum to `wins` (bisection)."""
    w = np.ones(len(margin)) if weight is None else weight
    wins = float(np.clip(wins, 1e-3, len(margin) - 1e-3))
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.sum(w * sigmoid(np.clip(margin + middle, -35, 35))) > wins:
            high = middle
        else:
            low = middle
    return (low + high) / 2
