"""Tunes the few parameters that matter, by out-of-fold log loss, within a number of trials."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import optuna

from history.base.arrays import Floats, Ints
from history.base.progress import Progress
from models.parameters import Parameters
from training.evaluation.metrics import log_loss
from training.evaluation.out_of_fold import predict_splits, recentred
from training.fit.calibration import fit_slope
from training.rows.splits import Split
from training.rows.training_set import TrainingSet

TRIALS = 12
MAX_FIT_ROWS = 8_000  # rows of a split's fit while tuning: the fits are compared and thrown away
# The best of a dozen settings is partly the luckiest: chance alone puts it about so many standard errors ahead
# (docs/decisions/0023).
MIN_STANDARD_ERRORS = 1.6
MIN_WINS = 60  # evaluated wins; fewer cannot tell settings apart
SHARP_SETTING = {
    "linear_c": 0.002,
    "linear_share": 0.8,
    "rounds": 140,
    "vigour": 1.0,
}  # tried early: for sharp edges


def tune(
    training_set: TrainingSet, splits: Sequence[Split], trials: int, seed: int, progress: Progress
) -> Parameters:
    """The parameters with the least log loss over the splits' evaluated rows, if it is certainly below the defaults'.

    Settings are compared after each split's level and the slope are fitted: calibration sets both anyway, and tuning is
    to tell leads apart. The defaults are the first trial; another setting replaces them if its gain exceeds
    MIN_STANDARD_ERRORS over leads. trials of 0 or 1, or fewer than MIN_WINS evaluated wins, keep the defaults.

    Tree-structured Parzen estimator (Bergstra et al. 2011) with a fixed seed, one trial after the other: the same data
    give the same parameters on any machine.
    """
    evaluated = (
        np.concatenate([split.evaluated for split in splits]) if splits else np.zeros(0, dtype=np.int64)
    )
    if trials <= 1 or training_set.won[evaluated].sum() < MIN_WINS:
        return Parameters()
    random = np.random.default_rng(seed)
    thinned = [replace(split, fit=_thinned(split.fit, random)) for split in splits]
    search = _Search(training_set, thinned, trials, seed, progress)

    default_losses = search.losses(Parameters(), number=0)
    study = _study(trials, seed)
    study.optimize(search.objective, n_trials=trials - 1)
    gain = search.weight * (default_losses - search.tried[study.best_trial.number])
    if not exceeds_chance(gain, training_set.rows.snapshot.lead[evaluated]):
        return Parameters()
    return parameters_of(**study.best_params)


@dataclass(frozen=True)
class _Search:
    """The objective of the study; tried: row-wise log losses (n,) of each trial."""

    training_set: TrainingSet
    splits: Sequence[Split]
    trials: int
    seed: int
    progress: Progress
    tried: list[Floats] = field(default_factory=list)

    @property
    def weight(self) -> Floats:
        """Weights (n,) of the evaluated rows: every split counts alike."""
        sizes = [len(split.evaluated) for split in self.splits]
        return np.concatenate([np.full(size, 1.0 / (size * len(self.splits))) for size in sizes])

    def objective(self, trial: optuna.Trial) -> float:
        """Weighted log loss of a trial's setting."""
        losses = self.losses(suggested(trial), trial.number + 1)
        self.tried.append(losses)
        return float(np.sum(self.weight * losses))

    def losses(self, parameters: Parameters, number: int) -> Floats:
        """Log loss (n,) of each evaluated row, after calibration of each split."""
        self.progress(f"tuning, trial {number + 1} of {self.trials}", number / self.trials)
        # Matured rows alone: one fit a setting instead of several (docs/decisions/0009).
        predictions = predict_splits(
            self.training_set, self.splits, parameters, self.seed, use_censored=False
        )
        won = self.training_set.won[predictions.rows]
        margin = fit_slope(predictions, won) * predictions.margin
        return log_loss(won, recentred(margin, won, predictions.split))


def _study(trials: int, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(trials // 2, 1))
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(SHARP_SETTING)
    return study


def exceeds_chance(gain: Floats, lead: Ints) -> bool:
    """True if the sum of gains (n,) is above MIN_STANDARD_ERRORS, with the rows of a lead drawn together."""
    _, index = np.unique(lead, return_inverse=True)
    by_lead = np.bincount(index, gain)
    standard_error = float(np.sqrt(np.sum((by_lead - by_lead.mean()) ** 2)))
    return float(by_lead.sum()) > MIN_STANDARD_ERRORS * standard_error


def suggested(trial: optuna.Trial) -> Parameters:
    """The parameters that the study suggests for a trial."""
    return parameters_of(
        linear_c=trial.suggest_float("linear_c", 2e-4, 0.2, log=True),
        linear_share=trial.suggest_float("linear_share", 0.0, 1.0),
        rounds=trial.suggest_int("rounds", 20, 240, step=20),
        vigour=trial.suggest_float("vigour", 0.0, 1.0),
    )


def parameters_of(linear_c: float, linear_share: float, rounds: int, vigour: float) -> Parameters:
    """Parameters whose trees go from few broad, strongly shrunk leaves (vigour 0) to nearly LightGBM's own (vigour 1).

    Five parameters with one purpose move together: a dozen trials can search four dimensions, not eight.
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
    return rows if len(rows) <= MAX_FIT_ROWS else np.sort(random.choice(rows, MAX_FIT_ROWS, replace=False))
