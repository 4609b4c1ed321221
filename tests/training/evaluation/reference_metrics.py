"""The contract's metrics a second time, by scikit-learn and plain sums over single rows."""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from history.base.arrays import Floats
from training.evaluation.metrics import best_first


def ece(won: Floats, probability: Floats, bins: int = 10) -> float:
    """Mean |win rate - mean probability| over equal-width bins, weighted by rows."""
    gaps = np.zeros(bins)
    for one, p in zip(won, probability, strict=True):
        gaps[min(int(p * bins), bins - 1)] += one - p
    return float(np.abs(gaps).sum() / len(won))


def lift(won: Floats, score: Floats, share: float = 0.1) -> float:
    """Win rate among the best `share` of rows (at least one) over the win rate of all rows."""
    top = best_first(score)[: max(1, round(len(won) * share))]
    return float(won[top].mean() / won.mean())


def gini(amount: Floats, score: Floats) -> float:
    """Area between capture curve and diagonal, over that of the true order."""
    diagonal = np.arange(1, len(amount) + 1) / len(amount)

    def area(order_by: Floats) -> float:
        captured = np.cumsum(amount[best_first(order_by)]) / amount.sum()
        return float((captured - diagonal).mean())

    return area(score) / area(amount)


def reference_metrics(
    won: Floats, probability: Floats, revenue: Floats, expected: Floats
) -> dict[str, float]:
    """won, probability (n,); revenue and expected revenue of the m rows whose revenue is known."""
    return {
        "auc": roc_auc_score(won, probability),
        "pr_auc": average_precision_score(won, probability),
        "log_loss": log_loss(won, probability),
        "brier": brier_score_loss(won, probability),
        "ece": ece(won, probability),
        "lift_10": lift(won, probability),
        "wins_error": probability.sum() / won.sum() - 1,
        "revenue_error": expected.sum() / revenue.sum() - 1,
        "gini": gini(revenue, expected),
    }
