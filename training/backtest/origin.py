"""One past date: train on what was known, score the leads open then, look up their outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.by_parts import matrix_on
from history.base.arrays import Floats
from history.base.progress import Progress, part
from history.history import History
from history.snapshot import cut, open_leads
from models.bundle import Bundle
from models.by_parts import score_on
from training.evaluation.baselines import BASELINES
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.grouping import group_of
from training.evaluation.out_of_fold import parallel_map, task_of
from training.rows.as_trained import prepare_as_trained
from training.rows.labels import Labels, label
from training.rows.time_proxies import masked
from training.rows.training_set import PreparedData
from training.train import Trained, TrainOptions, train


@dataclass(frozen=True)
class Replay:
    """The n leads open at one past date, as that day's training and scoring treat them.

    rows: scores and outcomes. baselines: probabilities (n,) by name. groups: labels (n,) by grouping column.
    close_time_quantile (n,): of a won lead, the quantile of its actual close time in its predicted distribution, NaN
    for others; uniform over 0 to 1 if the distributions are right (probability integral transform).
    """

    origin_us: int
    trained: Trained
    rows: EvaluatedRows
    baselines: Mapping[str, Floats]
    groups: Mapping[str, Sequence[str]]
    close_time_quantile: Floats


def replay(
    history: History, origin_us: int, options: TrainOptions, by: Sequence[str], progress: Progress
) -> Replay:
    """Replays one date whose horizon is over at history.as_of_us; by: grouping columns.

    Raises InvalidInput if training does, such as for too few wins.
    """
    past = cut(history, origin_us)
    trained = train(past, options, part(progress, 0.0, 0.8))
    bundle = trained.bundle
    known_then = open_leads(past, origin_us)
    # The same leads with the rows of later on, for labels and groups; the model never reads these.
    known_now = open_leads(history, origin_us)
    labels = label(known_now, history.config.horizon_us)

    progress("scoring", 0.8)
    scores = score_on(options.engine, bundle, known_then, reasons=0)
    values = matrix_on(options.engine, known_then, bundle.vocabulary).values

    progress("fitting the baselines", 0.85)
    prepared = prepare_as_trained(bundle, past, options.seed, options.engine)
    return Replay(
        origin_us=origin_us,
        trained=trained,
        rows=EvaluatedRows.from_scores(scores, labels.won.astype(np.float64), labels.amount, known_now.lead),
        baselines=baseline_probabilities(prepared, values),
        groups={name: group_of(known_now, name) for name in by},
        close_time_quantile=_close_time_quantile(bundle, values, labels),
    )


def baseline_probabilities(prepared: PreparedData, values: Floats) -> dict[str, Floats]:
    """Probabilities of every baseline for values (n, k), each fitted on the rows of the same training."""
    training_set = prepared.training_set
    task = task_of(training_set, np.arange(len(training_set.rows)))
    masked_values = masked(values, prepared.time_proxies)
    names, rows = list(BASELINES), len(training_set.rows)
    predictions = parallel_map(lambda name: BASELINES[name](task)(masked_values), names, rows)
    return dict(zip(BASELINES, predictions, strict=True))


def _close_time_quantile(bundle: Bundle, values: Floats, labels: Labels) -> Floats:
    quantile = np.full(len(values), np.nan)
    won = np.flatnonzero(labels.won)
    if len(won):
        place = bundle.close_time.place(values[won])
        quantile[won] = bundle.close_time.cdf(place, labels.days[won])
    return quantile
