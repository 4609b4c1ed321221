"""The figures that say how good scores were, by the names of the contract."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from history.arrays import Floats

METRICS = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error", "revenue_error", "gini")


def log_loss(won: Floats, probability: Floats) -> Floats:
    """Loss of each row in nats (n,)."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return -(won * np.log(p) + (1 - won) * np.log(1 - p))


def ece(won: Floats, probability: Floats, bins: int = 10) -> float:
    """Expected calibration error over `bins` equal-width bins: mean |won rate - mean probability|, weighted by rows."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    rows = np.bincount(index, minlength=bins)
    gap = np.abs(np.bincount(index, won, bins) - np.bincount(index, probability, bins))
    return float(gap.sum() / max(rows.sum(), 1))


def best_first(score: Floats) -> npt.NDArray[np.int64]:
    """Order of rows by descending score; ties in a fixed random order, so that no input order helps."""
    return np.lexsort((np.random.default_rng(0).random(len(score)), -score))


def lift(won: Floats, score: Floats, share: float = 0.1) -> float:
    """Win rate among the best `share` of rows over the win rate of all."""
    top = best_first(score)[: max(1, round(len(won) * share))]
    return float(won[top].mean() / max(won.mean(), 1e-12))


def gini(amount: Floats, score: Floats) -> float:
    """Normalised Gini: area between capture curve and diagonal over that of the true order; 1 is perfect, 0 chance."""

    def area(order_by: Floats) -> float:
        share = np.cumsum(amount[best_first(order_by)]) / amount.sum()
        return float((share - np.arange(1, len(amount) + 1) / len(amount)).mean())

    return area(score) / area(amount) if amount.sum() > 0 and area(amount) > 0 else float("nan")


def relative_error(predicted: float, actual: float) -> float:
    """predicted / actual - 1; against 1 where nothing happened."""
    return predicted / max(actual, 1.0) - 1


def conversion_metrics(won: npt.ArrayLike, probability: npt.ArrayLike) -> dict[str, float]:
    """auc, pr_auc, log_loss, brier, ece, lift_10, wins_error of n rows; rankings are NaN where one class is missing."""
    y, p = np.asarray(won, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    both = 0 < y.sum() < len(y)
    return {
        "auc": float(roc_auc_score(y, p)) if both else float("nan"),
        "pr_auc": float(average_precision_score(y, p)) if both else float("nan"),
        "log_loss": float(log_loss(y, p).mean()),
        "brier": float(np.mean((y - p) ** 2)),
        "ece": ece(y, p),
        "lift_10": lift(y, p),
        "wins_error": relative_error(float(p.sum()), float(y.sum())),
    }


def revenue_metrics(revenue: npt.ArrayLike, expected: npt.ArrayLike) -> dict[str, float]:
    """revenue_error and gini of n rows; revenue is 0 where not won."""
    a, r = np.asarray(revenue, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    total = float(a.sum())
    return {"revenue_error": float(r.sum()) / total - 1 if total > 0 else float("nan"), "gini": gini(a, r)}
