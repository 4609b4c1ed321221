"""Names of the metrics, and what several of them share: loss of a row, ranking, lift, relative error.

The metrics themselves are in `weighted_metrics`: one implementation for a figure and for its bootstrap interval.
"""

import numpy as np

from history.base.arrays import Floats, Ints

CONVERSION_METRICS = ("auc", "pr_auc", "log_loss", "brier", "ece", "lift_10", "wins_error")
REVENUE_METRICS = ("revenue_error", "gini")
METRICS = (*CONVERSION_METRICS, *REVENUE_METRICS)
BINS = 10  # of a calibration error or table
CLIP = 1e-6  # a probability of 0 or 1 would cost an infinite log loss


def log_loss(won: Floats, probability: Floats) -> Floats:
    """Negative log-likelihood of each row (n,), in nats; probabilities are clipped to CLIP from 0 and 1."""
    p = np.clip(probability, CLIP, 1 - CLIP)
    of_wins = won * np.log(p)
    of_losses = (1 - won) * np.log(1 - p)
    return -(of_wins + of_losses)


def best_first(score: Floats) -> Ints:
    """Positions of rows (n,) by descending score.

    Ties are in a fixed random order: in input order, a table sorted by outcome would rank itself.
    """
    tie_break = np.random.default_rng(0).random(len(score))
    return np.lexsort((tie_break, -score))


def lift_of(top_rate: float | Floats, win_rate: float | Floats) -> Floats:
    """A win rate over that of all rows, finite for rows without a win; numbers or arrays (d,)."""
    return np.asarray(top_rate / np.maximum(win_rate, 1e-12))


def relative_error(predicted: float | Floats, actual: float | Floats) -> Floats:
    """predicted / actual - 1, with `actual` at least 1: finite for a group without a win; numbers or arrays (d,)."""
    return np.asarray(predicted / np.maximum(actual, 1.0) - 1)
