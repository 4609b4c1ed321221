"""Training: a history as known at T becomes a bundle, the figures of its evaluation, and warnings.

`train` neither reads nor writes files. `training.pipeline.train_and_register` adds the promotion gate, the report and
the registry; a backtest calls `train` at past dates.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from funnel.state.attention.pace import learn_pace
from funnel.state.leads.paths import stage_paths
from history.base.engine import Engine
from history.base.progress import Progress, no_progress, part
from history.base.warnings import Warning
from history.history import History
from history.lead_order import by_creation
from models.bundle import Bundle
from models.figures.amount import AmountModel
from training.assemble import assemble_bundle
from training.capacity import TRIALS
from training.evaluation.evaluate import Evaluation
from training.evaluation.forecast_basis import forecast_basis
from training.evaluation.regime import Change, find_change
from training.evaluation.weak import weakened
from training.fit.amount import fit_amount, past_wins
from training.fit.combinations import choose_combinations
from training.fit.conversion import fit_final
from training.holdout import Holdout, holdout_of
from training.model_card import evaluation_content, training_content
from training.requirements import regime_warning, require_outcomes, require_rows, warnings_of
from training.rows.combinations import with_combinations
from training.rows.dataset import training_rows
from training.rows.training_set import PreparedData, TrainingSet, prepare
from training.screening import ScreenedHistory, screen
from training.validation import Validation, evaluate_validation, validate

__all__ = ["TrainOptions", "Trained", "train"]


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    trials: the most settings of the trees to compare, 0 or 1 for the defaults alone. seed: of every random choice.
    keep: attributes to use although the audit suspects them of leaking the outcome. engine: who audits columns
    and computes features, None for this process; all fits are made here, so that the bundle does not depend on it.
    """

    trials: int = TRIALS
    seed: int = 0
    keep: tuple[str, ...] = ()
    engine: Engine | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Trained:
    """A bundle and the figures of its training.

    metrics: of the bundle; baselines: the same metrics of each baseline on the same rows. Both are empty if too few
    leads were won to evaluate. signal: "usable", "weak" or "none". params: parameters and options, for the run's
    record. audit: findings of the leakage audit. holdout: the evaluated rows, for plots.
    """

    bundle: Bundle
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    signal: str
    warnings: list[Warning]
    n_leads: int
    n_snapshots: int
    params: dict[str, Any]
    audit: list[Warning]
    holdout: Holdout | None
    evaluation: Evaluation | None = field(default=None, repr=False)


def train(history: History, options: TrainOptions, progress: Progress = no_progress) -> Trained:
    """Trains on a history cut at T, its as_of_us.

    The same history, options and version of Leadcast give the same bundle, byte for byte, whatever the ids of its leads
    and their order are. Raises InvalidInput if the history cannot be learned from (see `training.requirements`), or if
    options.keep names an unknown attribute.
    """
    # One BLAS thread: two threads of one fit wait for each other, which tripled its time on a busy machine
    # (docs/decisions/0016).
    with threadpool_limits(1, user_api="blas"):
        return _train(by_creation(history), options, progress)


def _train(history: History, options: TrainOptions, progress: Progress) -> Trained:
    require_outcomes(history)
    progress("auditing for leakage", 0.02)
    screened = screen(history, options.keep, options.engine)

    progress("building training snapshots", 0.08)
    prepared = _prepare_rows(screened.history, options)
    training_set = prepared.training_set

    validation = validate(training_set, options.trials, options.seed, part(progress, 0.12, 0.66))

    progress("fitting", 0.72)
    settings = validation.capacity.settings(options.seed)
    conversion = fit_final(training_set, settings, validation.halves)

    progress("comparing with the baselines", 0.8)
    evaluation = evaluate_validation(training_set, validation, options.seed)

    progress("fitting times and amounts", 0.9)
    amount = _fit_amount(training_set, options.seed)
    if evaluation is not None and evaluation.signal == "weak":
        conversion = weakened(conversion, training_set, evaluation.slope)
    bundle = assemble_bundle(prepared, conversion, amount, _signal(evaluation), options.seed)
    basis = forecast_basis(training_set, validation.predictions, validation.method, bundle)
    change = find_change(training_set, validation.held_out)
    steps = TrainingSteps(screened, prepared, validation, evaluation, change)
    pace = learn_pace(stage_paths(training_set.rows.snapshot.history))
    return _trained(replace(bundle, forecast=basis, pace=pace), steps, options)


def _prepare_rows(history: History, options: TrainOptions) -> PreparedData:
    rows = training_rows(history, options.seed)
    require_rows(history, rows)
    prepared = prepare(history, rows, options.seed, options.engine)
    return with_combinations(prepared, choose_combinations(prepared))


def _fit_amount(training_set: TrainingSet, seed: int) -> AmountModel | None:
    every_row = np.arange(len(training_set.rows))
    wins = past_wins(training_set, every_row, training_set.as_of_us)
    return fit_amount(wins, training_set.features, seed)


def _signal(evaluation: Evaluation | None) -> str:
    return evaluation.signal if evaluation else "none"


# ---- the result


@dataclass(frozen=True)
class TrainingSteps:
    """Results of the steps whose records a training keeps."""

    screened: ScreenedHistory
    prepared: PreparedData
    validation: Validation
    evaluation: Evaluation | None
    change: Change | None


def _trained(bundle: Bundle, steps: TrainingSteps, options: TrainOptions) -> Trained:
    rows, evaluation = steps.prepared.training_set.rows, steps.evaluation
    warnings = _warnings(bundle, steps)
    bundle = replace(bundle, card=_card(bundle, steps, warnings, options.seed))
    return Trained(
        bundle=bundle,
        metrics=evaluation.metrics if evaluation else {},
        baselines=evaluation.baselines if evaluation else {},
        signal=_signal(evaluation),
        warnings=warnings,
        n_leads=len(np.unique(rows.snapshot.lead)),
        n_snapshots=len(rows),
        params={
            **steps.validation.parameters.to_dict(),
            "trials": options.trials,
            "settings_tried": len(steps.validation.capacity.tried),
            "seed": options.seed,
            "judged_by": steps.validation.method,
        },
        audit=steps.screened.findings,
        holdout=holdout_of(bundle, evaluation, steps.screened.history),
        evaluation=evaluation,
    )


def _warnings(bundle: Bundle, steps: TrainingSteps) -> list[Warning]:
    screened, rows = steps.screened, steps.prepared.training_set.rows
    warnings = [
        *screened.history.warnings,
        *warnings_of(screened.history, rows, bundle.amount, steps.evaluation),
        *regime_warning(steps.change),
        *screened.misread,
    ]
    return warnings + [replace(finding, evidence=None) for finding in screened.findings]


def _card(bundle: Bundle, steps: TrainingSteps, warnings: list[Warning], seed: int) -> dict[str, Any]:
    training_set, validation = steps.prepared.training_set, steps.validation
    card = training_content(bundle, training_set, steps.evaluation, warnings, validation.capacity)
    if steps.evaluation and validation.predictions:
        evaluated = training_set.rows.snapshot.take(validation.predictions.rows)
        card |= evaluation_content(steps.evaluation, evaluated, seed)
    return {**card, "unused_clocks": steps.prepared.time_proxy_names}
