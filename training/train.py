"""Training: a history as known at T becomes a bundle, the figures of its evaluation, and warnings.

`train` neither reads nor writes files. `training.pipeline.train_and_register` adds the promotion gate, the report and
the registry; a backtest calls `train` at past dates.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from history.history import History
from history.snapshot import by_lead_id
from models.amount import AmountModel
from models.bundle import Bundle
from models.parameters import Parameters
from training.assemble import assemble_bundle
from training.audit.audit import audit, suspects
from training.audit.misread_kinds import misread
from training.evaluation.evaluate import Evaluation, evaluate, evaluate_held_out
from training.evaluation.forecast_basis import forecast_basis
from training.evaluation.out_of_fold import expected_amounts, predict_splits, splits_of
from training.fit.additive import FitSettings
from training.fit.amount import fit_amount, past_wins
from training.fit.conversion import fit_final
from training.holdout import Holdout, holdout_of
from training.model_card import evaluation_content, training_content
from training.progress import Progress, no_progress, part
from training.requirements import require_outcomes, require_rows, warnings_of
from training.rows.dataset import training_rows
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, lead_splits
from training.rows.training_set import PreparedData, TrainingSet, prepare
from training.tune import TRIALS, tune

__all__ = ["TrainOptions", "Trained", "train"]


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    trials: parameter settings to try, 0 or 1 for the defaults alone. seed: of every random choice. keep: attributes
    to use although the audit suspects them of leaking the outcome.
    """

    trials: int = TRIALS
    seed: int = 0
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A bundle and the figures of its training.

    metrics: of the bundle; baselines: the same metrics of each baseline on the same rows. Both are empty if too few
    leads were won to evaluate. signal: "usable" or "none". params: parameters and options, for the run's record.
    audit: findings of the leakage audit. holdout: the evaluated rows, for plots.
    """

    bundle: Bundle
    metrics: dict[str, float]
    baselines: dict[str, dict[str, float]]
    signal: str
    warnings: list[dict[str, str]]
    n_leads: int
    n_snapshots: int
    params: dict[str, Any]
    audit: list[dict[str, Any]]
    holdout: Holdout | None
    evaluation: Evaluation | None = field(default=None, repr=False)


def train(history: History, options: TrainOptions, progress: Progress = no_progress) -> Trained:
    """Trains on a history cut at T, its as_of_us.

    The same history, options and version of Leadcast give the same bundle, byte for byte. Raises InvalidInput if the
    history cannot be learned from (see `training.requirements`), or if options.keep names an unknown attribute.
    """
    # One BLAS thread: two threads of one fit wait for each other, which tripled its time on a busy machine
    # (docs/decisions/0016).
    with threadpool_limits(1, user_api="blas"):
        return _train(by_lead_id(history), options, progress)


def _train(history: History, options: TrainOptions, progress: Progress) -> Trained:
    require_outcomes(history)
    progress("auditing for leakage", 0.02)
    audited = _audit_columns(history, options.keep)

    progress("building training snapshots", 0.08)
    prepared = _prepare_rows(audited.history, options.seed)

    validation = _validate(prepared.training_set, options, progress)

    progress("fitting", 0.72)
    settings = FitSettings(validation.parameters, options.seed)
    conversion = fit_final(prepared.training_set, settings, validation.held_out)

    progress("comparing with the baselines", 0.8)
    evaluation = _evaluate(prepared.training_set, validation)

    progress("fitting times and amounts", 0.9)
    amount = _fit_amount(prepared.training_set, options.seed)
    bundle = assemble_bundle(prepared, conversion, amount, _signal(evaluation), options.seed)
    basis = forecast_basis(prepared.training_set, validation.predictions, validation.method, bundle)
    steps = TrainingSteps(audited, prepared, validation, evaluation)
    return _trained(replace(bundle, forecast=basis), steps, options)


# ---- the leakage audit


@dataclass(frozen=True)
class AuditedHistory:
    """The history without the attributes that leak, the audit's findings, and warnings about misread attributes."""

    history: History
    findings: list[dict[str, Any]]
    misread: list[dict[str, str]]


def _audit_columns(history: History, keep: tuple[str, ...]) -> AuditedHistory:
    """Leaves out the attributes that are suspected of leaking the outcome, except those in `keep`."""
    findings = audit(history)
    columns = history.attributes.keys() | set(history.changes.attribute.values)
    dropped = suspects(findings, keep, columns)
    warnings = [warning for warning in misread(history) if warning["subject"] not in dropped]

    ignored = tuple(dict.fromkeys((*history.config.ignore, *dropped)))
    attributes = {name: column for name, column in history.attributes.items() if name not in dropped}
    config = replace(history.config, ignore=ignored)
    return AuditedHistory(replace(history, config=config, attributes=attributes), findings, warnings)


# ---- rows


def _prepare_rows(history: History, seed: int) -> PreparedData:
    rows = training_rows(history, seed)
    require_rows(history, rows)
    return prepare(history, rows, seed)


# ---- parameters and out-of-fold predictions


@dataclass(frozen=True)
class Validation:
    """The chosen parameters and the predictions that tell how good they are.

    splits and method: which rows are fitted and which evaluated, and the name of that scheme. predictions: of the
    evaluated rows of `splits`; held_out: of all grid rows, with a quarter of the leads held out at a time. Both are
    None if there are no splits with wins.
    """

    splits: list[Split]
    method: str
    parameters: Parameters
    predictions: OutOfFold | None
    held_out: OutOfFold | None


def _validate(training_set: TrainingSet, options: TrainOptions, progress: Progress) -> Validation:
    seed = options.seed
    splits, method = splits_of(training_set, seed)
    parameters = tune(training_set, splits, options.trials, seed, part(progress, 0.12, 0.62))

    progress("replaying with the chosen parameters", 0.64)
    predictions = _predict_with_amounts(training_set, splits, parameters, seed) if splits else None
    # Replayed fits are far smaller than the final one, and so is their slope: calibration reads leads held out together
    # (docs/decisions/0011).
    by_lead = lead_splits(training_set.rows, seed)
    held_out = predict_splits(training_set, by_lead, parameters, seed) if by_lead else None
    return Validation(splits, method, parameters, predictions, held_out)


def _predict_with_amounts(
    training_set: TrainingSet, splits: list[Split], parameters: Parameters, seed: int
) -> OutOfFold:
    predictions = predict_splits(training_set, splits, parameters, seed)
    return replace(predictions, amount=expected_amounts(training_set, splits, seed))


# ---- evaluation and amounts


def _evaluate(training_set: TrainingSet, validation: Validation) -> Evaluation | None:
    if validation.predictions is None:
        return None
    evaluation = evaluate(training_set, validation.splits, validation.predictions, validation.method)
    if validation.held_out is None:
        return evaluation
    won = training_set.won[validation.held_out.rows]
    return replace(evaluation, held_out=evaluate_held_out(validation.held_out, won))


def _signal(evaluation: Evaluation | None) -> str:
    return evaluation.signal if evaluation else "none"


def _fit_amount(training_set: TrainingSet, seed: int) -> AmountModel | None:
    every_row = np.arange(len(training_set.rows))
    wins = past_wins(training_set, every_row, training_set.as_of_us)
    return fit_amount(wins, training_set.features, seed)


# ---- the result


@dataclass(frozen=True)
class TrainingSteps:
    """Results of the steps whose records a training keeps."""

    audited: AuditedHistory
    prepared: PreparedData
    validation: Validation
    evaluation: Evaluation | None


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
            "seed": options.seed,
            "judged_by": steps.validation.method,
        },
        audit=steps.audited.findings,
        holdout=holdout_of(bundle, evaluation, steps.audited.history),
        evaluation=evaluation,
    )


def _warnings(bundle: Bundle, steps: TrainingSteps) -> list[dict[str, str]]:
    audited, rows = steps.audited, steps.prepared.training_set.rows
    warnings = [*warnings_of(audited.history, rows, bundle.amount, steps.evaluation), *audited.misread]
    return warnings + [_warning_of(finding) for finding in audited.findings]


def _warning_of(finding: dict[str, Any]) -> dict[str, str]:
    """An audit finding without its evidence."""
    return {key: str(finding[key]) for key in ("code", "subject", "detail")}


def _card(bundle: Bundle, steps: TrainingSteps, warnings: list[dict[str, str]], seed: int) -> dict[str, Any]:
    training_set, validation = steps.prepared.training_set, steps.validation
    card = training_content(bundle, training_set, steps.evaluation, warnings, validation.parameters)
    if steps.evaluation and validation.predictions:
        evaluated = training_set.rows.snapshot.take(validation.predictions.rows)
        card |= evaluation_content(steps.evaluation, evaluated, seed)
    return {**card, "unused_clocks": steps.prepared.time_proxy_names}
