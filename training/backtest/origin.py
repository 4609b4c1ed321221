"""One past date replayed: train on what was known, score the leads open then, look up what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.matrix import build_matrix
from history.arrays import Floats
from history.history import History
from history.snapshot import cut, open_leads
from models.bundle import Bundle
from models.scorer import score
from training.evaluation.baselines import BASELINES, Task
from training.evaluation.bootstrap import Judged
from training.evaluation.grouping import group_of
from training.evaluation.out_of_fold import side_by_side
from training.rows.dataset import GRID
from training.rows.labels import Labels, label
from training.rows.time_proxies import masked
from training.rows.training_set import PreparedData, prepare_as_trained
from training.train import Trained, TrainOptions, train

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Replayed:
    """The leads open at one origin: scores beside what happened, baselines' probabilities (n,), groups.

    place (n,) is each won lead's share of its close-time distribution at the day it was won, NaN for others: even over
    0 to 1 if the times are right.
    """

    origin_us: int
    trained: Trained
    judged: Judged
    baselines: Mapping[str, Floats]
    groups: Mapping[str, Sequence[str]]
    place: Floats


def replay(
    history: History, origin_us: int, options: TrainOptions, by: Sequence[str], tell: Tell
) -> Replayed:
    """The replay of one origin, its horizon ended by the history's as_of_us; raises InvalidInput where train does."""
    past = cut(history, origin_us)
    trained = train(past, options, lambda text, share: tell(text, 0.8 * share))
    bundle = trained.bundle
    then = open_leads(past, origin_us)
    later = open_leads(history, origin_us)
    happened = label(later, history.config.horizon_us)
    tell("scoring", 0.8)
    scores = score(bundle, then, reasons=0)
    values = build_matrix(then, bundle.vocabulary).values
    tell("fitting the baselines", 0.85)
    training_set = prepare_as_trained(bundle, past, options.seed)
    return Replayed(
        origin_us=origin_us,
        trained=trained,
        judged=Judged.of(scores, happened.won.astype(np.float64), happened.amount, later.lead),
        baselines=baselines(training_set, values),
        groups={name: group_of(later, name) for name in by},
        place=_place(bundle, values, happened),
    )


def baselines(fitted_on: PreparedData, values: Floats) -> dict[str, Floats]:
    """Probabilities of every baseline for the rows of values (n, k), fitted on the grid rows of the same training."""
    training_set = fitted_on.training_set
    rows = np.flatnonzero(training_set.rows.origin == GRID)
    if not 0 < training_set.won[rows].sum() < len(rows):
        rows = np.arange(len(training_set.rows))
    task = Task(training_set.values[rows], training_set.features, training_set.won[rows])
    asked = masked(values, fitted_on.time_proxies)
    found = side_by_side(lambda name: BASELINES[name](task)(asked), list(BASELINES))
    return dict(zip(BASELINES, found, strict=True))


def _place(bundle: Bundle, values: Floats, happened: Labels) -> Floats:
    place = np.full(len(values), np.nan)
    won = np.flatnonzero(happened.won)
    if len(won):
        place[won] = bundle.close_time.cdf(bundle.close_time.place(values[won]), happened.days[won])
    return place
