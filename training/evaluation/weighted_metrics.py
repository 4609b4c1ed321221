"""Every metric of evaluated rows under many row weights at once: ones give the metric, bootstrap counts its spread."""

from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.metrics import BINS, best_first, lift_of, log_loss, relative_error

SHARES = (0.05, 0.1, 0.2, 0.3)
# Amounts are recorded in whole cents: one that misses an end by rounding alone lies inside the interval.
TOLERANCE, HALF_CENT = 1e-6, 0.005
AMOUNT_METRICS = (
    "revenue",
    "revenue_expected",
    "revenue_error",
    "revenue_mae",
    "gini",
    "amount_coverage",
    "amount_width",
    *(f"revenue_captured_{round(100 * share)}" for share in SHARES),
)


def weighted_metrics(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Every metric under each row of weights (d, n), (d,) each; a row of whole weight w counts as w equal rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            **ranking_metrics(rows, weight),
            **_calibration_metrics(rows, weight),
            **_brier_parts(rows, weight),
            **_top_share_metrics(rows, weight),
            **_revenue_metrics(rows, weight),
        }


def ranking_metrics(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """auc (ties count half), pr_auc (average precision) and log_loss under weights (d, n), (d,) each."""
    order = np.argsort(-rows.probability, kind="stable")
    ordered_weight = weight[:, order]
    ordered_won = rows.won[order]
    # Rows of equal probability form one group: they enter the ranking together.
    steps = np.diff(rows.probability[order], prepend=np.inf)
    starts = np.flatnonzero(steps != 0)
    wins = np.add.reduceat(ordered_weight * ordered_won, starts, axis=1)
    losses = np.add.reduceat(ordered_weight * (1 - ordered_won), starts, axis=1)

    true_positives = wins.cumsum(axis=1)
    false_positives = losses.cumsum(axis=1)
    all_wins, all_losses = true_positives[:, -1:], false_positives[:, -1:]
    positives = true_positives + false_positives
    zeros = np.zeros_like(true_positives)
    precision = np.divide(true_positives, positives, out=zeros, where=positives > 0)

    with np.errstate(divide="ignore", invalid="ignore"):
        two_classes = np.where((all_wins > 0) & (all_losses > 0), 1.0, np.nan)[:, 0]
        losses_below = all_losses - false_positives + losses / 2
        pairs = (all_wins * all_losses)[:, 0]
        auc = (wins * losses_below).sum(axis=1) / pairs
        average_precision = (wins * precision).sum(axis=1) / all_wins[:, 0]
        loss = weight @ log_loss(rows.won, rows.probability) / weight.sum(axis=1)
    return {"auc": auc * two_classes, "pr_auc": average_precision * two_classes, "log_loss": loss}


def _calibration_metrics(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Totals, Brier score and expected calibration error over equal-width bins."""
    won, probability = rows.won, rows.probability
    total = weight.sum(axis=1)
    wins = weight @ won
    wins_expected = weight @ probability
    # A probability of exactly 1 belongs to the last bin.
    bin_of_row = np.minimum((probability * BINS).astype(int), BINS - 1)
    gap_by_bin = weight @ _in_columns(won - probability, bin_of_row)
    return {
        "leads": total,
        "wins": wins,
        "wins_expected": wins_expected,
        "wins_error": relative_error(wins_expected, wins),
        "brier": weight @ (won - probability) ** 2 / total,
        "ece": np.abs(gap_by_bin).sum(axis=1) / total,
        "abstained": weight @ rows.abstained.astype(np.float64) / total,
    }


def _brier_parts(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Calibration and refinement over equal-count groups by probability (DeGroot and Fienberg 1983)."""
    n = len(rows)
    group = np.empty(n, dtype=np.int64)
    order = np.argsort(rows.probability, kind="stable")
    for k, members in enumerate(np.array_split(order, BINS)):
        group[members] = k

    size = weight @ _in_columns(np.ones(n), group)
    divisor = np.maximum(size, 1e-12)
    probability = weight @ _in_columns(rows.probability, group) / divisor
    won = weight @ _in_columns(rows.won, group) / divisor
    total = size.sum(axis=1)
    return {
        "brier_calibration": (size * (probability - won) ** 2).sum(axis=1) / total,
        "brier_refinement": (size * won * (1 - won)).sum(axis=1) / total,
    }


def _in_columns(values: Floats, column: Ints) -> Floats:
    """A matrix (n, BINS) with values (n,), each in its own column, and zeros elsewhere."""
    out = np.zeros((len(values), BINS))
    out[np.arange(len(values)), column] = values
    return out


def _top_share_metrics(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Lift and captured share of wins among the best SHARES of rows by probability."""
    wins = weight @ rows.won
    win_rate = wins / weight.sum(axis=1)
    order = best_first(rows.probability)
    ranked = _Ranked.of(weight, order)
    metrics = {}
    for share in SHARES:
        top = ranked.top(share)
        top_wins = top @ rows.won[order]
        percent = round(100 * share)
        metrics[f"lift_{percent}"] = lift_of(top_wins / top.sum(axis=1), win_rate)
        metrics[f"wins_captured_{percent}"] = np.where(wins > 0, top_wins / wins, np.nan)
    return metrics


class _Ranked(NamedTuple):
    """Weights (d, n) in the order of a ranking, their sums before each row, and the sums of all (d,)."""

    weight: Floats
    before: Floats
    total: Floats

    @classmethod
    def of(cls, weight: Floats, order: Ints) -> "_Ranked":
        """The weights (d, n) of rows ranked by `order` (n,)."""
        ordered = weight[:, order]
        return cls(ordered, ordered.cumsum(axis=1) - ordered, ordered.sum(axis=1))

    def top(self, share: float) -> Floats:
        """The weights (d, n) of the first `share` of rows: rounded to whole rows, at least one."""
        top_rows = np.maximum(1.0, np.round(self.total * share))[:, None]
        return np.asarray(np.clip(top_rows - self.before, 0.0, self.weight), dtype=np.float64)


def _revenue_metrics(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Revenue metrics; won rows of unknown amount are left out. NaN if no amount is known or predicted."""
    if np.isnan(rows.expected_amount).all() or np.isnan(rows.amount).all():
        return dict.fromkeys(AMOUNT_METRICS, np.full(len(weight), np.nan))
    known = (rows.won == 0) | ~np.isnan(rows.amount)
    known_weight = weight * known
    revenue = np.nan_to_num(rows.amount)
    expected = np.nan_to_num(rows.probability * rows.expected_amount)
    total = known_weight @ revenue
    total_expected = known_weight @ expected
    absolute_error = np.abs(revenue - expected)
    metrics = {
        "revenue": total,
        "revenue_expected": total_expected,
        "revenue_error": np.where(total > 0, total_expected / total - 1, np.nan),
        "revenue_mae": known_weight @ absolute_error / known_weight.sum(axis=1),
        "gini": weighted_gini(revenue, expected, known_weight),
        **_amount_interval(rows, known_weight),
    }
    order = best_first(expected)
    ranked = _Ranked.of(known_weight, order)
    for share in SHARES:
        top_revenue = ranked.top(share) @ revenue[order]
        captured = np.where(total > 0, top_revenue / total, np.nan)
        metrics[f"revenue_captured_{round(100 * share)}"] = captured
    return metrics


def weighted_gini(revenue: Floats, score: Floats, weight: Floats) -> Floats:
    """Normalised Gini (d,) of revenue (n,) ranked by score (n,) under weights (d, n): 1 for the true order, 0 for
    chance; NaN without revenue. Ties are ranked as `best_first` does.
    """
    total, rows = weight @ revenue, weight.sum(axis=1)

    def area(order_by: Floats) -> Floats:
        """Between the capture curve (d,) of an order and the diagonal."""
        order = best_first(order_by)
        w = weight[:, order]
        a = revenue[order]
        amount = w * a
        before = amount.cumsum(axis=1) - amount
        # A row of weight w stands for w equal rows one after the other: their capture curve is summed in closed form.
        captured = (w * before + a * w * (w + 1) / 2).sum(axis=1)
        diagonal = (rows + 1) / (2 * rows)
        return np.asarray(captured / (total * rows) - diagonal)

    with np.errstate(divide="ignore", invalid="ignore"):
        perfect = area(revenue)
        return np.where((total > 0) & (perfect > 0), area(score) / perfect, np.nan)


def _amount_interval(rows: EvaluatedRows, weight: Floats) -> dict[str, Floats]:
    """Share of known won amounts inside their 80 % interval, and its median width as a multiple of the amount."""
    known = np.flatnonzero(~np.isnan(rows.amount) & ~np.isnan(rows.amount_low))
    if not len(known):
        return dict.fromkeys(("amount_coverage", "amount_width"), np.full(len(weight), np.nan))
    amount, low, high = rows.amount[known], rows.amount_low[known], rows.amount_high[known]
    slack = TOLERANCE * np.abs(amount) + HALF_CENT
    inside = (amount >= low - slack) & (amount <= high + slack)
    width = (high - low) / np.maximum(amount, 1.0)
    known_weight = weight[:, known]
    return {
        "amount_coverage": known_weight @ inside / known_weight.sum(axis=1),
        "amount_width": weighted_median(width, known_weight),
    }


def weighted_median(values: Floats, weight: Floats) -> Floats:
    """Median (d,) of values (n,), each repeated `weight` times (d, n); NaN if all weights are 0."""
    order = np.argsort(values, kind="stable")
    sorted_values = values[order]
    cumulative = weight[:, order].cumsum(axis=1)
    half = cumulative[:, -1:] / 2
    # Two middle values if the weights before one end at exactly half, otherwise twice the same.
    last = len(values) - 1
    low = np.minimum((cumulative < half).sum(axis=1), last)
    high = np.minimum((cumulative <= half).sum(axis=1), last)
    middle = (sorted_values[low] + sorted_values[high]) / 2
    return np.where(cumulative[:, -1] > 0, middle, np.nan)
