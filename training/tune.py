"""Tunes the few parameters that matter, on replayed instants, within a number of trials."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import optuna

from history.arrays import Floats, Ints
from models.parameters import Parameters
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import predict_splits, recentred
from training.fit.calibration import fit_slope
from training.rows.splits import Split
from training.rows.training_set import TrainingSet

TRIALS = 12
MOST_ROWS = 8_000  # a split's fit is thinned to this many rows while tuning
SURE = 1.6  # what the best of a dozen equal settings is ahead by
SHARP = {"linear_c": 0.002, "linear_share": 0.8, "rounds": 140, "vigour": 1.0}  # tried early: for sharp edges
MIN_WINS = 60  # fewer wins judged than this cannot tell parameters apart


def tune(
    training_set: TrainingSet,
    splits: Sequence[Split],
    trials: int,
    seed: int,
    tell: Callable[[str, float], None],
) -> Parameters:
    """The parameters with the least log loss over the splits' judged rows, if surely less than the defaults'.

    Each split's level is left aside, and the slope, which calibration sets anyway: what counts is how leads are told
    apart. The best of a dozen settings looks better than it is, so the defaults, the first trial, stay unless the gain
    is more than SURE standard errors over leads.

    Tree-structured Parzen estimator (Bergstra et al. 2011) with a fixed seed, one trial after the other: the
    same data give the same answer on any machine.
    """
    judged = np.concatenate([s.judge for s in splits]) if splits else np.zeros(0, dtype=np.int64)
    if trials <= 1 or training_set.won[judged].sum() < MIN_WINS:
        return Parameters()
    random = np.random.default_rng(seed)
    thin = [replace(s, fit=_thinned(s.fit, random)) for s in splits]
    weight = np.concatenate([np.full(len(s.judge), 1.0 / (len(s.judge) * len(thin))) for s in thin])

    def losses(parameters: Parameters) -> Floats:
        predictions = predict_splits(training_set, thin, parameters, seed, use_censored=False)
        won = training_set.won[predictions.rows]
        margin = fit_slope(predictions, won) * predictions.margin
        return log_loss(won, recentred(margin, won, predictions.split))

    def told(number: int) -> None:
        tell(f"tuning, trial {number + 1} of {trials}", number / trials)

    told(0)
    usual = losses(Parameters())
    found: list[Floats] = []

    def loss(trial: optuna.Trial) -> float:
        told(trial.number + 1)
        found.append(losses(suggested(trial)))
        return float(np.sum(weight * found[-1]))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(trials // 2, 1))
    )
    study.enqueue_trial(SHARP)
    study.optimize(loss, n_trials=trials - 1)
    gain = weight * (usual - found[study.best_trial.number])
    return (
        parameters_of(**study.best_params)
        if surely(gain, training_set.rows.snapshot.lead[judged])
        else Parameters()
    )


def surely(gain: Floats, lead: Ints) -> bool:
    """Whether the sum of gains (n,) is more than SURE standard errors, rows of one lead drawn together."""
    _, index = np.unique(lead, return_inverse=True)
    by_lead = np.bincount(index, gain)
    total = float(by_lead.sum())
    error = float(np.sqrt(np.sum((by_lead - by_lead.mean()) ** 2)))
    return total > SURE * error


def suggested(trial: optuna.Trial) -> Parameters:
    return parameters_of(
        linear_c=trial.suggest_float("linear_c", 2e-4, 0.2, log=True),
        linear_share=trial.suggest_float("linear_share", 0.0, 1.0),
        rounds=trial.suggest_int("rounds", 20, 240, step=20),
        vigour=trial.suggest_float("vigour", 0.0, 1.0),
    )


def parameters_of(linear_c: float, linear_share: float, rounds: int, vigour: float) -> Parameters:
    """Parameters whose trees go from few broad leaves, strongly shrunk (vigour 0), to near LightGBM's own (1).

    Five parameters that do one thing move together: a dozen trials can search four dimensions, not eight.
    """

    def between(calm: float, wild: float) -> float:
        return float(calm * (wild / calm) ** vigour)

    return Parameters(
        linear_c=linear_c,
        linear_share=linear_share,
        rounds=rounds,
        learning_rate=between(0.03, 0.1),
        leaves=round(between(4, 16)),
        min_leaf_rows=round(between(60, 15)),
        l2=between(60.0, 0.5),
        column_share=between(0.4, 0.9),
    )


def _thinned(rows: Ints, random: np.random.Generator) -> Ints:
    return rows if len(rows) <= MOST_ROWS else np.sort(random.choice(rows, MOST_ROWS, replace=False))
