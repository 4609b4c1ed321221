"""Capacity by evidence: how large the trees and how many rounds, by the log loss of rows at later dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from history.base.progress import Progress
from models.figures.additive import AdditiveModel
from models.figures.parameters import LARGER, Member, Parameters
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import instant_of, parallel_map, recentred
from training.fit.additive import FitSettings
from training.fit.calibration import fit_slope
from training.fit.censored import matured_rows
from training.fit.growing import BoostedRows, GrowingTrees, boosted_rows
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, enough_splits
from training.rows.training_set import TrainingSet
from training.rows.weights import sums_by_lead

TRIALS = 12
# Set on simulated worlds (docs/decisions/0063). The defaults need no evidence: another setting's gain counts less a
# standard error of it.
HEAD_START = 1.0
DRAWS = 4000  # of the gains that other leads would have shown
LEAST_WEIGHT = 0.1  # a member of less is not worth its time, and may be luck alone
# Margins of fits at past dates are too wide, for these have read fewer rows than the final one: a slope below 1 is
# corrected by this power of it.
SLOPE_POWER = 0.25
MIN_WINS = 60  # evaluated wins; fewer cannot tell settings apart
ENOUGH_WINS = 400  # leads won; the latest splits with so many tell settings apart as well as all do
# A kind of trees grows from stage to stage until the loss rises.
SMALL_STAGES, LARGER_STAGES = (80, 160, 320), (40, 80, 160, 320, 640)


class Tried(NamedTuple):
    """A setting with its mean log loss, and what it gains on the defaults, with the standard error by lead."""

    parameters: Parameters
    log_loss: float
    gain: float
    error: float


@dataclass(frozen=True)
class Capacity:
    """The members of the model's trees, and the settings that were compared; none are if the defaults stay untried.

    fits: the defaults' fits on matured rows, by the instant at which each stands.
    """

    members: tuple[Member, ...] = (Member(Parameters(), 1.0),)
    tried: tuple[Tried, ...] = ()
    fits: Mapping[int, AdditiveModel] = field(default_factory=dict, repr=False, compare=False)

    @property
    def parameters(self) -> Parameters:
        """The parameters of the member with the largest weight."""
        return max(self.members, key=lambda member: member.weight).parameters

    def settings(self, seed: int) -> FitSettings:
        """The settings of fits with this capacity."""
        return FitSettings(self.parameters, seed, self.members if len(self.members) > 1 else ())

    def to_list(self) -> list[dict[str, Any]]:
        """The settings as JSON-ready values, each with its weight in the model; 0 if it is none of its members."""
        weights = {member.parameters: member.weight for member in self.members}
        return [
            {
                "leaves": one.parameters.leaves,
                "rounds": one.parameters.rounds,
                "log_loss": one.log_loss,
                "gain": one.gain,
                "standard_error": one.error,
                "weight": weights.get(one.parameters, 0.0),
            }
            for one in self.tried
        ]


def choose_capacity(
    training_set: TrainingSet, splits: Sequence[Split], trials: int, seed: int, progress: Progress
) -> Capacity:
    """The settings that are likely best at later dates, by the log loss of the splits' evaluated rows.

    A setting's weight is the probability that it is the best: the share of draws of the leads in which its gain on the
    defaults is the largest (pseudo-BMA+, Yao, Vehtari, Simpson, Gelman 2018; the draws are normal). Where evidence is
    thin, several settings share the weight, and their mean is safer than any.

    Settings are compared after each split's level is fitted: calibration sets it anyway, and capacity is to tell leads
    apart. A slope above 1 is fitted as well, as margins of few trees are too narrow, and one below 1 in part. trials:
    the most settings to compare. 0 or 1, fewer than MIN_WINS evaluated wins, or splits of held-out leads, which show
    nothing later, keep the defaults untried.
    """
    later = [split for split in splits if split.as_of_us is not None]
    evaluated = np.concatenate([np.zeros(0, np.int64), *(split.evaluated for split in later)])
    if trials <= 1 or training_set.won[evaluated].sum() < MIN_WINS:
        return Capacity()
    search = _search(training_set, enough_splits(training_set.rows, later, ENOUGH_WINS), seed)

    losses: dict[Parameters, Floats] = {}
    fits: dict[int, AdditiveModel] = {}
    for usual, stages in ((Parameters(), SMALL_STAGES), (LARGER, LARGER_STAGES)):
        growing = [GrowingTrees(rows, FitSettings(usual, seed)) for rows in search.fitted]
        least = np.inf
        for rounds in stages:
            if len(losses) == trials:
                break
            progress(f"comparing settings, {len(losses) + 1} of at most {trials}", len(losses) / trials)
            setting = replace(usual, rounds=rounds)
            losses[setting] = search.losses_at(growing, rounds)
            if setting == Parameters():
                fits = {
                    at_us: trees.model(rounds) for at_us, trees in zip(search.at_us, growing, strict=True)
                }
            mean = float(search.weight @ losses[setting])
            if mean > least:
                break
            least = mean
    return replace(_weighted(search, losses, seed), fits=fits)


def _weighted(search: "_Search", losses: dict[Parameters, Floats], seed: int) -> Capacity:
    defaults = losses[Parameters()]
    gains = np.stack(
        [sums_by_lead(search.weight * (defaults - loss), search.lead) for loss in losses.values()]
    )
    tried = [
        Tried(setting, float(search.weight @ loss), float(gain.sum()), standard_error(gain))
        for (setting, loss), gain in zip(losses.items(), gains, strict=True)
    ]
    weights = best_shares(gains, seed)
    members = [Member(one.parameters, float(w)) for one, w in zip(tried, weights, strict=True) if w > 0]
    return Capacity(tuple(members), tuple(tried))


def best_shares(gains: Floats, seed: int) -> Floats:
    """The share (settings,) of draws in which each setting gains the most, those below LEAST_WEIGHT left out.

    gains (settings, leads): each lead's part of a setting's gain on the defaults, whose own gains are 0.
    """
    total = gains.sum(axis=1)
    centred = gains - gains.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T
    expected = total - HEAD_START * np.sqrt(np.diag(covariance))
    random = np.random.default_rng(seed)
    draws = random.multivariate_normal(expected, covariance, size=DRAWS, method="eigh", check_valid="ignore")
    shares = np.bincount(draws.argmax(axis=1), minlength=len(gains)) / DRAWS
    shares[shares < LEAST_WEIGHT] = 0.0
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def standard_error(gain: Floats) -> float:
    """Of the sum of gains (leads,)."""
    return float(np.sqrt(np.sum((gain - gain.mean()) ** 2)))


@dataclass(frozen=True)
class _Search:
    """The evaluated rows (n,) of all splits, and the instant and the fitted rows of each split."""

    at_us: Sequence[int]
    fitted: Sequence[BoostedRows]
    rows: Ints
    split: Ints
    lead: Ints
    won: Floats
    weight: Floats

    def losses_at(self, growing: Sequence[GrowingTrees], rounds: int) -> Floats:
        """Log loss (n,) of the trees at so many rounds, each split's level and the common slope corrected."""
        margins = parallel_map(lambda trees: trees.grow_to(rounds), growing)
        predictions = OutOfFold(self.rows, self.split, np.concatenate(margins))
        slope = fit_slope(predictions, self.won)
        margin = (slope if slope > 1 else slope**SLOPE_POWER) * predictions.margin
        return log_loss(self.won, recentred(margin, self.won, self.split))


def _search(training_set: TrainingSet, splits: Sequence[Split], seed: int) -> _Search:
    settings = FitSettings(Parameters(), seed)

    def prepared(split: Split) -> BoostedRows:
        # Matured rows alone: one fit a setting instead of several (docs/decisions/0009).
        at_us = instant_of(training_set, split)
        rows = matured_rows(training_set, split.fit, at_us, settings.parameters)
        return boosted_rows(rows, training_set.values[split.evaluated], settings)

    sizes = [len(split.evaluated) for split in splits]
    rows = np.concatenate([split.evaluated for split in splits])
    return _Search(
        at_us=[instant_of(training_set, split) for split in splits],
        fitted=parallel_map(prepared, splits),
        rows=rows,
        split=np.repeat(np.arange(len(splits)), sizes),
        lead=training_set.rows.snapshot.lead[rows],
        won=training_set.won[rows],
        # Every split counts alike.
        weight=np.concatenate([np.full(size, 1.0 / (size * len(splits))) for size in sizes]),
    )
