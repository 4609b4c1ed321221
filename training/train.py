"""One training, end to end: history known at T -> bundle, figures of its replay, warnings."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from history.history import History
from history.snapshot import by_lead_id
from models.bundle import Bundle
from models.parameters import Parameters
from training.assemble import Holdout, Parts, assemble, card_of, fit_final, holdout_of, warnings_of
from training.audit.audit import audit, suspects
from training.audit.misread_kinds import misread
from training.evaluation.evaluate import Judgement, judge, judge_held_out
from training.evaluation.forecast_basis import forecast_basis
from training.evaluation.out_of_fold import expected_amounts, past_wins, predict_splits, splits_of
from training.fit.amount import fit_amount
from training.fit.calibration import fit_calibration, fit_spread
from training.model_card import judged_parts
from training.requirements import MIN_WINS, require_outcomes, require_rows
from training.rows.dataset import training_rows
from training.rows.predictions import OutOfFold
from training.rows.splits import Split, lead_splits
from training.rows.training_set import TrainingSet, prepare
from training.tune import TRIALS, tune

Tell = Callable[[str, float], None]

__all__ = ["MIN_WINS", "Holdout", "TrainOptions", "Trained", "train"]


@dataclass(frozen=True)
class TrainOptions:
    """trials: parameter settings to try; seed: of every random choice; keep: columns used although they are
    suspected of leaking.
    """

    trials: int = TRIALS
    seed: int = 0
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """A bundle and what was learned about it."""

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
    judgement: Judgement | None = field(default=None, repr=False)


def train(history: History, options: TrainOptions, progress: Tell = lambda text, share: None) -> Trained:
    """Trains on a history cut at its as_of_us; raises InvalidInput where it cannot teach anything."""
    with threadpool_limits(1, user_api="blas"):
        return _train(history, options, progress)


def _train(history: History, options: TrainOptions, progress: Tell) -> Trained:
    history = by_lead_id(history)
    require_outcomes(history)
    progress("auditing for leakage", 0.02)
    findings, odd = audit(history), misread(history)
    dropped = suspects(
        findings, options.keep, history.attributes.keys() | set(history.changes.attribute.values)
    )
    config = replace(history.config, ignore=tuple(dict.fromkeys((*history.config.ignore, *dropped))))
    history = replace(
        history, config=config, attributes={k: v for k, v in history.attributes.items() if k not in dropped}
    )

    progress("building training snapshots", 0.08)
    rows = training_rows(history, options.seed)
    require_rows(history, rows)
    prepared = prepare(history, rows, options.seed)
    training_set = prepared.training_set

    splits, how = splits_of(training_set, options.seed)
    parameters = tune(
        training_set,
        splits,
        options.trials,
        options.seed,
        lambda text, share: progress(text, 0.12 + 0.5 * share),
    )
    progress("replaying with the chosen parameters", 0.64)
    predictions = _replayed(training_set, splits, parameters, options.seed) if splits else None
    apart = lead_splits(rows, options.seed)
    unseen = predict_splits(training_set, apart, parameters, options.seed) if apart else None

    progress("fitting", 0.72)
    fitted = fit_final(training_set, parameters, options.seed)
    base_margin = fitted.model.contributions(training_set.values[:1])[1]
    calibration = fit_calibration(unseen, training_set, fitted.model.margin(training_set.values))
    wins = past_wins(training_set, fitted.rows, history.as_of_us)
    amount = fit_amount(wins, training_set.features, options.seed)

    progress("comparing with the baselines", 0.8)
    judgement = judge(training_set, splits, predictions, how) if predictions else None
    if judgement and unseen:
        judgement = replace(judgement, held_out=judge_held_out(unseen, training_set.won[unseen.rows]))
    signal = judgement.signal if judgement else "none"
    spread = fit_spread(training_set, fitted.rows, fitted.weight, (parameters, calibration), options.seed)

    progress("fitting times and amounts", 0.9)
    bundle = assemble(
        training_set,
        prepared.vocabulary,
        Parts(fitted, calibration, base_margin, spread, amount, signal),
        options.seed,
    )
    warnings = [
        *warnings_of(history, rows, amount, judgement),
        *(finding for finding in odd if finding["subject"] not in dropped),
        *({k: str(f[k]) for k in ("code", "subject", "detail")} for f in findings),
    ]
    unused = [training_set.features[j].name for j in prepared.time_proxies]
    bundle = replace(bundle, forecast=forecast_basis(training_set, predictions, how, bundle))
    about = card_of(bundle, training_set, judgement, warnings, parameters)
    if judgement and predictions:
        about |= judged_parts(judgement, rows.snapshot.take(predictions.rows), options.seed)
    bundle = replace(bundle, card={**about, "unused_clocks": unused})
    return Trained(
        bundle=bundle,
        metrics=judgement.metrics if judgement else {},
        baselines=judgement.baselines if judgement else {},
        signal=signal,
        warnings=warnings,
        n_leads=len(np.unique(rows.snapshot.lead)),
        n_snapshots=len(rows),
        params={**parameters.to_dict(), "trials": options.trials, "seed": options.seed, "judged_by": how},
        audit=findings,
        holdout=holdout_of(bundle, judgement, history),
        judgement=judgement,
    )


def _replayed(training_set: TrainingSet, splits: list[Split], parameters: Parameters, seed: int) -> OutOfFold:
    predictions = predict_splits(training_set, splits, parameters, seed)
    return replace(predictions, amount=expected_amounts(training_set, splits, seed))
