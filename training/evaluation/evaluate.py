"""How good the replayed predictions were, beside every baseline on the same rows, and whether there is any
signal at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from history.arrays import Floats
from history.snapshot import current_stages
from models.calibration import BOUND, intercept_for, sigmoid
from training.evaluation.metrics import conversion_metrics, log_loss, revenue_metrics
from training.evaluation.out_of_fold import baseline_predictions, recentred
from training.evaluation.signal import find_signal
from training.fit.calibration import fit_slope
from training.rows.predictions import OutOfFold
from training.rows.splits import Split
from training.rows.training_set import TrainingSet


@dataclass(frozen=True)
class Judgement:
    """The judged rows with their predictions, the contract's metrics of the model and of each baseline, and
    the verdict.
    """

    metrics: dict[str, float]
    intervals: dict[str, list[float]]
    baselines: dict[str, dict[str, float]]
    signal: str
    evidence: str
    how: str
    calibration: list[dict[str, float]]
    won: Floats
    probability: Floats
    amount: Floats
    expected_amount: Floats
    stages: Sequence[str | None]
    lead: npt.NDArray[np.int64]
    held_out: dict[str, float]


def judge(
    training_set: TrainingSet,
    splits: Sequence[Split],
    predictions: OutOfFold,
    how: str,
) -> Judgement:
    """Judges the margins of `predictions` after calibration; bootstrap by lead."""
    rows = predictions.rows
    won, lead = training_set.won[rows], training_set.rows.snapshot.lead[rows]
    logit = replay_logits(predictions, won, lead)
    probability = sigmoid(np.clip(logit, -BOUND, BOUND))
    amount = training_set.rows.labels.amount[rows]
    expected = predictions.expected_amount
    metrics = {**conversion_metrics(won, probability), **_revenue(won, amount, probability * expected)}
    baselines = {
        name: {**conversion_metrics(won, p), **_revenue(won, amount, p * expected)}
        for name, p in baseline_predictions(training_set, splits).items()
    }
    found = find_signal(logit, predictions.split, won, lead)
    low, gain, high = found.gain
    evidence = (
        f"knowing the lead saves {gain:.4f} nats a judged row over the base rate ({low:.4f} to {high:.4f}) and ranks "
        f"with an AUC of {found.auc[1]:.3f} (at least {found.auc[0]:.3f}), by {how} on {len(np.unique(lead))} leads, "
        f"{int(won.sum())} won rows"
    )
    return Judgement(
        metrics=metrics,
        intervals={"log_loss_gain": list(found.gain)},
        baselines=baselines,
        signal="usable" if found.usable else "none",
        evidence=evidence,
        how=how,
        calibration=calibration_table(won, probability),
        won=won,
        probability=probability,
        amount=np.where(won > 0, amount, np.nan),
        expected_amount=expected,
        stages=current_stages(training_set.rows.snapshot.take(rows)),
        lead=lead,
        held_out={},
    )


def judge_held_out(unseen: OutOfFold, won: Floats) -> dict[str, float]:
    """Log loss of calibrated margins of leads held out together, and that of their win rate."""
    slope = fit_slope(unseen, won)
    rate = np.full(len(won), won.mean())
    probability = recentred(slope * unseen.margin, won, np.zeros(len(won), dtype=np.int64))
    return {
        "log_loss": float(log_loss(won, probability).mean()),
        "base_rate": float(log_loss(won, rate).mean()),
    }


def replay_logits(predictions: OutOfFold, won: Floats, lead: npt.NDArray[np.int64]) -> Floats:
    """Log-odds of the judged rows: margins turned by a slope fitted on the other half of the leads, each split at the
    total that its own fit predicted.
    """
    turned = np.empty(len(won))
    half = lead % 2
    for k in (0, 1):
        others = half != k
        seen = predictions.take(others)
        turned[~others] = fit_slope(seen, won[others]) * predictions.margin[~others]
    for s in np.unique(predictions.split):
        part = predictions.split == s
        promised = float(sigmoid(np.clip(predictions.margin[part], -BOUND, BOUND)).sum())
        turned[part] += intercept_for(turned[part], promised)
    return turned


def calibration_table(won: Floats, probability: Floats, bins: int = 10) -> list[dict[str, float]]:
    """Mean probability and win rate of equal-count bins, lowest first."""
    groups: list[npt.NDArray[np.int64]] = [
        g for g in np.array_split(np.argsort(probability, kind="stable"), bins) if len(g)
    ]
    return [
        {"n": len(g), "probability": float(probability[g].mean()), "won": float(won[g].mean())}
        for g in groups
    ]


def _revenue(won: Floats, amount: Floats, expected: Floats) -> dict[str, Any]:
    known = ((won == 0) | ~np.isnan(amount)) & np.isfinite(expected)
    if not known.any():
        return {}
    return revenue_metrics(np.where(won > 0, amount, 0.0)[known], expected[known])
