"""Tunes the few parameters that matter, on replayed instants, within a number of trials."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import optuna

from features.event_log import Ints
from models.parameters import Parameters
from training.evaluate import log_loss
from training.material import Material
from training.replay import predict_splits, recentred
from training.splits import Split

TRIALS = 12
MOST_ROWS = 8_000  # a split's fit is thinned to this many rows while tuning
MIN_WINS = 60  # fewer wins judged than this cannot tell parameters apart


def tune(
    material: Material, splits: Sequence[Split], trials: int, seed: int, tell: Callable[[str, float], None]
) -> Parameters:
    """The parameters with the least log loss over the splits' judged rows, each split's level aside; the
    defaults among them.

    Tree-structured Parzen estimator (Bergstra et al. 2011) with a fixed seed, one trial after the other: the
    same data give the same answer on any machine.
    """
    judged = np.concatenate([s.judge for s in splits]) if splits else np.zeros(0, dtype=np.int64)
    if trials <= 0 or material.won[judged].sum() < MIN_WINS:
        return Parameters()
    random = np.random.default_rng(seed)
    thin = [replace(s, fit=_thinned(s.fit, random)) for s in splits]
    weight = {k: 1.0 / len(s.judge) for k, s in enumerate(thin)}

    def loss(trial: optuna.Trial) -> float:
        tell(f"tuning, trial {trial.number + 1} of {trials}", trial.number / trials)
        predicted = predict_splits(material, thin, suggested(trial), seed, unfinished=False)
        won = material.won[predicted.rows]
        each = log_loss(won, recentred(predicted.margin, won, predicted.split))
        return float(np.average(each, weights=[weight[k] for k in predicted.split]))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(trials // 2, 1))
    )
    study.enqueue_trial({name: getattr(Parameters(), name) for name in TUNED})
    study.optimize(loss, n_trials=trials)
    return Parameters().with_(**study.best_params)


TUNED = ("linear_c", "linear_share", "rounds", "leaves", "l2", "column_share")


def suggested(trial: optuna.Trial) -> Parameters:
    return Parameters().with_(
        linear_c=trial.suggest_float("linear_c", 2e-4, 0.2, log=True),
        linear_share=trial.suggest_float("linear_share", 0.3, 1.0),
        rounds=trial.suggest_int("rounds", 20, 240, step=20),
        leaves=trial.suggest_int("leaves", 3, 16),
        l2=trial.suggest_float("l2", 3.0, 200.0, log=True),
        column_share=trial.suggest_float("column_share", 0.2, 0.8),
    )


def _thinned(rows: Ints, random: np.random.Generator) -> Ints:
    return rows if len(rows) <= MOST_ROWS else np.sort(random.choice(rows, MOST_ROWS, replace=False))
