"""Evaluates out-of-fold predictions: metrics beside every baseline on the same rows, and the test for signal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from history.base.arrays import Floats, Ints
from history.snapshot import current_stages
from models.figures.calibration import intercept_for
from models.figures.kernel import BOUND, sigmoid
from training.evaluation.bootstrap import point_metrics
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.metrics import BINS, CONVERSION_METRICS, REVENUE_METRICS, log_loss
from training.evaluation.out_of_fold import BY_DATE, BY_LEAD, baseline_predictions, recentred
from training.evaluation.signal import Signal, find_signal
from training.evaluation.slope import NO_SLOPE, Slope
from training.fit.calibration import fit_slope
from training.rows.predictions import OutOfFold
from training.rows.splits import Split
from training.rows.training_set import TrainingSet

EVALUATED = {BY_DATE: "at past dates", BY_LEAD: "on held-out leads"}


@dataclass(frozen=True)
class Evaluation:
    """Metrics and predictions of n evaluated rows.

    metrics: of the model, by the contract's names; baselines: the same of each baseline. intervals: [low, mean, high]
    of the log loss saved. signal: "usable", "weak" or "none"; evidence: why, in a sentence. method: BY_DATE or BY_LEAD.
    calibration: the table of `calibration_table`. won, probability, amount (NaN if not won or unknown),
    expected_amount, stages and lead have shape (n,). slope: over leads held out together, if the signal is not usable;
    held_out: their log losses, or empty.
    """

    metrics: dict[str, float]
    intervals: dict[str, list[float]]
    baselines: dict[str, dict[str, float]]
    signal: str
    evidence: str
    method: str
    calibration: list[dict[str, float]]
    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    stages: Sequence[str | None]
    lead: Ints
    slope: Slope
    held_out: dict[str, float]


def evaluate(
    training_set: TrainingSet,
    splits: Sequence[Split],
    predictions: OutOfFold,
    method: str,
    thin_evidence: Callable[[], Slope] = lambda: NO_SLOPE,
) -> Evaluation:
    """Evaluates calibrated out-of-fold predictions of the splits' rows; intervals by bootstrap over leads.

    thin_evidence: the slope over leads held out together, which is called if no signal is found at the splits' rows.
    If it is sure, the signal is weak, and predictions are shrunk as the bundle's are (docs/decisions/0057).
    """
    snapshot = training_set.rows.snapshot.take(predictions.rows)
    won = training_set.won[predictions.rows]
    logit = out_of_fold_logits(predictions, won, snapshot.lead)
    signal = find_signal(logit, predictions.split, won, snapshot.lead)
    slope = NO_SLOPE if signal.is_usable else thin_evidence()
    degree = "usable" if signal.is_usable else "weak" if slope.is_sure else "none"
    if degree == "weak":
        logit = _at_own_level(slope.shrunk * predictions.margin, predictions)
    rows = _evaluated_rows(training_set, predictions, logit)
    baselines = baseline_predictions(training_set, splits)
    return Evaluation(
        metrics=_metrics_of(rows),
        intervals={"log_loss_gain": list(signal.gain)},
        baselines={name: _metrics_of(rows.with_probability(p)) for name, p in baselines.items()},
        signal=degree,
        evidence=_evidence(signal, method, rows) + _slope_evidence(slope),
        method=method,
        calibration=calibration_table(won, rows.probability),
        won=won,
        probability=rows.probability,
        amount=rows.amount,
        expected_amount=predictions.expected_amount,
        stages=current_stages(snapshot),
        lead=snapshot.lead,
        slope=slope,
        held_out={},
    )


def _evaluated_rows(training_set: TrainingSet, predictions: OutOfFold, logit: Floats) -> EvaluatedRows:
    """The predicted rows with probabilities of log-odds (n,), without intervals of amounts."""
    index = predictions.rows
    won, unknown = training_set.won[index], np.full(len(index), np.nan)
    return EvaluatedRows(
        won=won,
        probability=sigmoid(np.clip(logit, -BOUND, BOUND)),
        amount=np.where(won > 0, training_set.rows.labels.amount[index], np.nan),
        expected_amount=predictions.expected_amount,
        amount_low=unknown,
        amount_high=unknown,
        abstained=np.zeros(len(index), dtype=np.bool_),
        lead=training_set.rows.snapshot.lead[index],
    )


def _evidence(signal: Signal, method: str, rows: EvaluatedRows) -> str:
    """Both tests of the signal in one sentence, and the rows that they read."""
    gain, auc = signal.gain, signal.auc
    n_leads, n_wins = len(np.unique(rows.lead)), int(rows.won.sum())
    return (
        f"the model saves {gain.mean:.4f} nats of log loss a row against the base rate "
        f"(96 % interval {gain.low:.4f} to {gain.high:.4f}) and ranks leads with an AUC of {auc.value:.3f} "
        f"(95 % sure of at least {auc.low:.3f}); evaluated {EVALUATED[method]}: {n_leads} leads, {n_wins} won rows"
    )


def _slope_evidence(slope: Slope) -> str:
    """The clause of the slope; "" if it was not fitted."""
    if not np.isfinite(slope.error):
        return ""
    return (
        f"; over leads held out together, each compared with those of its date, log-odds have a slope of "
        f"{slope.value:.2f} (standard error {slope.error:.2f})"
    )


def evaluate_held_out(predictions: OutOfFold, won: Floats) -> dict[str, float]:
    """Mean log loss of calibrated predictions of leads held out together, and that of their win rate."""
    slope = fit_slope(predictions, won)
    win_rate = np.full(len(won), won.mean())
    one_split = np.zeros(len(won), dtype=np.int64)
    probability = recentred(slope * predictions.margin, won, one_split)
    return {
        "log_loss": float(log_loss(won, probability).mean()),
        "base_rate": float(log_loss(won, win_rate).mean()),
    }


def out_of_fold_logits(predictions: OutOfFold, won: Floats, lead: Ints) -> Floats:
    """Calibrated log-odds (n,): two-fold cross-fitted slope; each split keeps the total that its model predicts.

    The slope of one half of the leads is fitted on the other half, so no row calibrates itself.
    """
    logit = np.empty(len(won))
    half = lead % 2
    for k in (0, 1):
        others = half != k
        slope = fit_slope(predictions.take(others), won[others])
        logit[~others] = slope * predictions.margin[~others]
    return _at_own_level(logit, predictions)


def _at_own_level(logit: Floats, predictions: OutOfFold) -> Floats:
    """Log-odds (n,) moved so that each split keeps the total that its model predicts."""
    logit = logit.copy()
    for s in np.unique(predictions.split):
        rows = predictions.split == s
        predicted_wins = float(sigmoid(np.clip(predictions.margin[rows], -BOUND, BOUND)).sum())
        logit[rows] += intercept_for(logit[rows], predicted_wins)
    return logit


def calibration_table(won: Floats, probability: Floats, bins: int = BINS) -> list[dict[str, float]]:
    """Rows, mean probability and win rate of equal-count bins by probability, lowest first; empty bins are left out."""
    table = []
    for members in np.array_split(np.argsort(probability, kind="stable"), bins):
        if len(members):
            predicted, actual = float(probability[members].mean()), float(won[members].mean())
            table.append({"n": len(members), "probability": predicted, "won": actual})
    return table


def _metrics_of(rows: EvaluatedRows) -> dict[str, float]:
    """The metrics of the contract; those of revenue only if rows have a known amount and an expectation."""
    conversion = point_metrics(rows)
    metrics = {name: conversion[name] for name in CONVERSION_METRICS}
    predicted = rows.take(np.isfinite(rows.expected_amount))
    if ((predicted.won == 0) | ~np.isnan(predicted.amount)).any():
        revenue = point_metrics(predicted)
        metrics |= {name: revenue[name] for name in REVENUE_METRICS}
    return metrics
