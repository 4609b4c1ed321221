"""Metrics of predictions under the names of the contract, each row counted once.

`weighted_metrics` has the same metrics under bootstrap weights, for intervals. The two share their formulas, but add up
in another order and agree only to rounding; versions in a registry are compared by the ones here.
"""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

from history.arrays import Floats, Ints

METRICS = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error", "revenue_error", "gini")
BINS = 10  # of a calibration error or table
CLIP = 1e-6  # a probability of 0 or 1 would cost an infinite log loss


def log_loss(won: Floats, probability: Floats) -> Floats:
    """Negative log-likelihood of each row (n,), in nats; probabilities are clipped to CLIP from 0 and 1."""
    p = np.clip(probability, CLIP, 1 - CLIP)
    of_wins = won * np.log(p)
    of_losses = (1 - won) * np.log(1 - p)
    return -(of_wins + of_losses)


def ece(won: Floats, probability: Floats, bins: int = BINS) -> float:
    """Expected calibration error: mean |win rate - mean probability| over equal-width bins, weighted by rows."""
    index = np.minimum((probability * bins).astype(int), bins - 1)
    rows = np.bincount(index, minlength=bins)
    wins = np.bincount(index, won, bins)
    wins_expected = np.bincount(index, probability, bins)
    gap = np.abs(wins - wins_expected)
    return float(gap.sum() / max(rows.sum(), 1))


def best_first(score: Floats) -> Ints:
    """Positions of rows (n,) by descending score.

    Ties are in a fixed random order: in input order, a table sorted by outcome would rank itself.
    """
    tie_break = np.random.default_rng(0).random(len(score))
    return np.lexsort((tie_break, -score))


def lift(won: Floats, score: Floats, share: float = 0.1) -> float:
    """Win rate among the best `share` of rows (at least one) over the win rate of all rows."""
    size = max(1, round(len(won) * share))
    top = best_first(score)[:size]
    return float(lift_of(won[top].mean(), won.mean()))


def lift_of(top_rate: float | Floats, win_rate: float | Floats) -> Floats:
    """A win rate over that of all rows, finite for rows without a win; numbers or arrays (d,)."""
    return np.asarray(top_rate / np.maximum(win_rate, 1e-12))


def gini(amount: Floats, score: Floats) -> float:
    """Normalised Gini of amounts (n,) ranked by score: 1 for the true order, 0 for chance, NaN if all are equal.

    Area between capture curve and diagonal, over that of the true order (Frees, Meyers, Cummings 2011).
    """

    def area(order_by: Floats) -> float:
        ordered = amount[best_first(order_by)]
        captured = np.cumsum(ordered) / amount.sum()
        diagonal = np.arange(1, len(amount) + 1) / len(amount)
        return float((captured - diagonal).mean())

    if not (amount.sum() > 0 and area(amount) > 0):
        return float("nan")
    return area(score) / area(amount)


def relative_error(predicted: float | Floats, actual: float | Floats) -> Floats:
    """predicted / actual - 1, with `actual` at least 1: finite for a group without a win; numbers or arrays (d,)."""
    return np.asarray(predicted / np.maximum(actual, 1.0) - 1)


def conversion_metrics(won: npt.ArrayLike, probability: npt.ArrayLike) -> dict[str, float]:
    """auc, pr_auc, log_loss, brier, ece, lift_10 and wins_error of n rows; auc and pr_auc of a single class are NaN."""
    y = np.asarray(won, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    auc = average_precision = float("nan")
    if 0 < y.sum() < len(y):
        auc = float(roc_auc_score(y, p))
        average_precision = float(average_precision_score(y, p))
    return {
        "auc": auc,
        "pr_auc": average_precision,
        "log_loss": float(log_loss(y, p).mean()),
        "brier": float(np.mean((y - p) ** 2)),
        "ece": ece(y, p),
        "lift_10": lift(y, p),
        "wins_error": float(relative_error(p.sum(), y.sum())),
    }


def revenue_metrics(revenue: npt.ArrayLike, expected: npt.ArrayLike) -> dict[str, float]:
    """revenue_error and gini of n rows; revenue is 0 if not won."""
    actual = np.asarray(revenue, dtype=np.float64)
    predicted = np.asarray(expected, dtype=np.float64)
    total = float(actual.sum())
    error = float("nan")
    if total > 0:
        error = float(predicted.sum()) / total - 1
    return {"revenue_error": error, "gini": gini(actual, predicted)}
