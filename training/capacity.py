"""Capacity by evidence: how large the trees and how many rounds, by the log loss of rows at later dates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from history.base.progress import Progress
from models.parameters import LARGER, Parameters
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import instant_of, parallel_map, recentred
from training.fit.additive import FitSettings
from training.fit.calibration import fit_slope
from training.fit.censored import matured_rows
from training.fit.growing import Ground, GrowingTrees, ground
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, enough_splits
from training.rows.training_set import TrainingSet

TRIALS = 12
# The best of several settings is partly the luckiest: chance alone puts it about so many standard errors ahead
# (docs/decisions/0023).
MIN_STANDARD_ERRORS = 1.6
MIN_WINS = 60  # evaluated wins; fewer cannot tell settings apart
ENOUGH_WINS = 400  # leads won; the latest splits with so many tell settings apart as well as all do
# A kind of trees grows from stage to stage until the loss rises.
SMALL_STAGES, LARGER_STAGES = (40, 80, 160, 320), (20, 40, 80, 160, 320, 640)


class Tried(NamedTuple):
    """A setting with its mean log loss, and what it gains on the defaults, with the standard error by lead."""

    parameters: Parameters
    log_loss: float
    gain: float
    error: float

    @property
    def is_better(self) -> bool:
        """Better than the defaults by more than chance."""
        return self.gain > MIN_STANDARD_ERRORS * self.error


@dataclass(frozen=True)
class Capacity:
    """The chosen parameters and the settings that were compared; none are if the defaults stay untried."""

    parameters: Parameters
    tried: tuple[Tried, ...] = ()

    def to_list(self) -> list[dict[str, Any]]:
        """The settings as JSON-ready values, the chosen one marked."""
        return [
            {
                "leaves": one.parameters.leaves,
                "rounds": one.parameters.rounds,
                "log_loss": one.log_loss,
                "gain": one.gain,
                "standard_error": one.error,
                "chosen": one.parameters == self.parameters,
            }
            for one in self.tried
        ]


def choose_capacity(
    training_set: TrainingSet, splits: Sequence[Split], trials: int, seed: int, progress: Progress
) -> Capacity:
    """The setting with the least log loss over the splits' evaluated rows, if it is surely below the defaults'.

    Settings are compared after each split's level is fitted: calibration sets it anyway, and capacity is to tell leads
    apart. A slope above 1 is fitted as well, as margins of few trees are too narrow; one below 1 is not, for margins
    that are too wide have learned what later rows do not repeat (docs/decisions/0051). trials: the most settings to
    compare. 0 or 1, fewer than MIN_WINS evaluated wins, or splits of held-out leads, which show nothing later, keep the
    defaults untried.
    """
    later = [split for split in splits if split.as_of_us is not None]
    evaluated = np.concatenate([np.zeros(0, np.int64), *(split.evaluated for split in later)])
    if trials <= 1 or training_set.won[evaluated].sum() < MIN_WINS:
        return Capacity(Parameters())
    search = _search(training_set, enough_splits(training_set.rows, later, ENOUGH_WINS), seed)

    losses: dict[Parameters, Floats] = {}
    for usual, stages in ((Parameters(), SMALL_STAGES), (LARGER, LARGER_STAGES)):
        growing = [GrowingTrees(on, FitSettings(usual, seed)) for on in search.grounds]
        least = np.inf
        for rounds in stages:
            if len(losses) == trials:
                break
            progress(f"comparing settings, {len(losses) + 1} of at most {trials}", len(losses) / trials)
            setting = replace(usual, rounds=rounds)
            losses[setting] = search.losses_at(growing, rounds)
            mean = float(search.weight @ losses[setting])
            if mean > least:
                break
            least = mean
    return _chosen(search, losses)


def _chosen(search: "_Search", losses: dict[Parameters, Floats]) -> Capacity:
    lead, defaults = search.lead, losses[Parameters()]
    tried = []
    for setting, loss in losses.items():
        gains = search.weight * (defaults - loss)
        tried.append(
            Tried(setting, float(search.weight @ loss), float(gains.sum()), standard_error(gains, lead))
        )
    better = [one for one in tried if one.is_better]
    best = min(better, key=lambda one: one.log_loss).parameters if better else Parameters()
    return Capacity(best, tuple(tried))


def standard_error(gain: Floats, lead: Ints) -> float:
    """Of the sum of gains (n,), with the rows of a lead drawn together."""
    _, index = np.unique(lead, return_inverse=True)
    by_lead = np.bincount(index, gain)
    return float(np.sqrt(np.sum((by_lead - by_lead.mean()) ** 2)))


@dataclass(frozen=True)
class _Search:
    """The evaluated rows (n,) of all splits, and a ground for each split's fits."""

    grounds: Sequence[Ground]
    rows: Ints
    split: Ints
    lead: Ints
    won: Floats
    weight: Floats

    def losses_at(self, growing: Sequence[GrowingTrees], rounds: int) -> Floats:
        """Log loss (n,) of the trees at so many rounds, each split's level fitted, and the slope if above 1."""
        margins = parallel_map(lambda trees: trees.grow_to(rounds), growing)
        predictions = OutOfFold(self.rows, self.split, np.concatenate(margins))
        margin = max(fit_slope(predictions, self.won), 1.0) * predictions.margin
        return log_loss(self.won, recentred(margin, self.won, self.split))


def _search(training_set: TrainingSet, splits: Sequence[Split], seed: int) -> _Search:
    settings = FitSettings(Parameters(), seed)

    def prepared(split: Split) -> Ground:
        # Matured rows alone: one fit a setting instead of several (docs/decisions/0009).
        at_us = instant_of(training_set, split)
        rows = matured_rows(training_set, split.fit, at_us, settings.parameters)
        return ground(rows, training_set.values[split.evaluated], settings)

    sizes = [len(split.evaluated) for split in splits]
    rows = np.concatenate([split.evaluated for split in splits])
    return _Search(
        grounds=parallel_map(prepared, splits),
        rows=rows,
        split=np.repeat(np.arange(len(splits)), sizes),
        lead=training_set.rows.snapshot.lead[rows],
        won=training_set.won[rows],
        # Every split counts alike.
        weight=np.concatenate([np.full(size, 1.0 / (size * len(splits))) for size in sizes]),
    )
