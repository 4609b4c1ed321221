"""How good the replayed predictions were, beside every baseline on the same rows, and whether there is any
signal at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.snapshot import current_stages
from models.amount import AmountModel
from models.calibration import Calibration
from training.evaluate import conversion_metrics, log_loss, revenue_metrics
from training.replay import Material, Predicted, baseline_predictions, recentred
from training.splits import Split

Floats = npt.NDArray[np.float64]

DRAWS = 400
SURE = 0.02  # chance at which a signal may be seen where none is


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


def judge(
    material: Material,
    splits: Sequence[Split],
    predicted: Predicted,
    models: tuple[Calibration, AmountModel | None],
    how: str,
) -> Judgement:
    """Judges the margins of `predicted` after calibration; bootstrap by lead."""
    calibration, amount_model = models
    rows = predicted.rows
    won, lead = material.won[rows], material.rows.snapshot.lead[rows]
    probability = calibration.probability(predicted.margin)
    amount = material.rows.labels.amount[rows]
    expected = amount_model.predict(material.values[rows])[0] if amount_model else np.full(len(rows), np.nan)
    metrics = {**conversion_metrics(won, probability), **_revenue(won, amount, probability * expected)}
    baselines = {
        name: {**conversion_metrics(won, p), **_revenue(won, amount, p * expected)}
        for name, p in baseline_predictions(material, splits).items()
    }
    gain = information_gain(predicted, won, lead, calibration)
    usable = gain[0] > 0
    evidence = (
        f"knowing the lead saves {gain[1]:.4f} nats a judged row over the base rate "
        f"({gain[0]:.4f} to {gain[2]:.4f}, by {how} on {len(np.unique(lead))} leads, {int(won.sum())} won rows)"
    )
    return Judgement(
        metrics=metrics,
        intervals={"log_loss_gain": list(gain)},
        baselines=baselines,
        signal="usable" if usable else "none",
        evidence=evidence,
        how=how,
        calibration=calibration_table(won, probability),
        won=won,
        probability=probability,
        amount=np.where(won > 0, amount, np.nan),
        expected_amount=expected,
        stages=current_stages(material.rows.snapshot.take(rows)),
        lead=lead,
    )


def information_gain(
    predicted: Predicted, won: Floats, lead: npt.NDArray[np.int64], calibration: Calibration
) -> tuple[float, float, float]:
    """Log loss of the base rate minus that of the model, each at its split's own level: low end, mean, high
    end over leads.
    """
    model = log_loss(won, recentred(calibration.logit(predicted.margin), won, predicted.split))
    base = log_loss(won, recentred(np.zeros(len(won)), won, predicted.split))
    return cluster_interval(base - model, lead, 2 * SURE)


def cluster_interval(
    values: Floats, cluster: npt.NDArray[np.int64], outside: float, seed: int = 0
) -> tuple[float, float, float]:
    """Bootstrap interval of the mean of values (n,), whole clusters drawn: low end, mean, high end, `outside`
    of draws beyond.
    """
    names, index = np.unique(cluster, return_inverse=True)
    sums, sizes = np.bincount(index, values, len(names)), np.bincount(index, minlength=len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), DRAWS)
    means = (draws @ sums) / np.maximum(draws @ sizes, 1)
    low, high = np.quantile(means, [outside / 2, 1 - outside / 2])
    return float(low), float(values.mean()), float(high)


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
    known = (won == 0) | ~np.isnan(amount)
    if not np.isfinite(expected).all() or not known.any():
        return {}
    return revenue_metrics(np.where(won > 0, amount, 0.0)[known], expected[known])
