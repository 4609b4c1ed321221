"""Bootstrap by lead: draw counts, every metric in each draw, percentile intervals (Efron 1979)."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from history.base.arrays import Floats, Ints
from training.evaluation.evaluated_rows import EvaluatedRows
from training.evaluation.weighted_metrics import weighted_metrics

DRAWS = 200  # 10 of them beyond each end of the interval
LEVEL = 0.9  # of every bootstrap interval
# Means of absolute values: the noise of a draw adds to them, so that most draws lie above the estimate.
BIASED: Final = frozenset(("ece", "wins_error_abs", "revenue_error_abs"))
CELLS = 4_000_000  # weights in memory at once: 32 MB


def draw_counts(n_leads: int, seed: int, draws: int = DRAWS) -> Ints:
    """Times each of n leads is drawn in each bootstrap sample (draws, n_leads); each row sums to n_leads."""
    random = np.random.default_rng(seed)
    equal_shares = np.full(n_leads, 1 / max(n_leads, 1))
    return random.multinomial(n_leads, equal_shares, draws).astype(np.int64)


def point_metrics(rows: EvaluatedRows) -> dict[str, float]:
    """Every metric of n >= 1 rows; NaN if undefined, such as the AUC of a single class."""
    ones = np.ones((1, len(rows)))
    return {name: float(value[0]) for name, value in weighted_metrics(rows, ones).items()}


def bootstrap_metrics(rows: EvaluatedRows, counts: Ints) -> dict[str, Floats]:
    """Every metric in each bootstrap sample, (draws,) each; counts (draws, leads) come from `draw_counts`."""
    step = max(1, CELLS // max(len(rows), 1))
    # In blocks of draws: all weights at once would take gigabytes on a large table.
    parts = []
    for start in range(0, len(counts), step):
        of_leads = counts[start : start + step]
        weight = of_leads[:, rows.lead].astype(np.float64)
        parts.append(weighted_metrics(rows, weight))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interval(values: Floats) -> list[float] | None:
    """[low, high] of the middle LEVEL of values (draws,); None if fewer than half of them are finite."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values) or not len(known):
        return None
    levels = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(known, levels)
    return [float(low), float(high)]


def metric_intervals(
    metrics: Mapping[str, float], draws: Mapping[str, Floats], names: Iterable[str]
) -> dict[str, list[float] | None]:
    """The interval of each metric by its draws (draws,); those of BIASED metrics are moved to their estimates.

    Their bias is the distance from the estimate to the median draw. Without that, nearly all draws of a small
    calibration error lie above it, and its interval leaves it out.
    """
    intervals = {name: interval(draws[name]) for name in names}
    for name in BIASED & intervals.keys():
        ends = intervals[name]
        if ends is not None and np.isfinite(metrics[name]):
            bias = float(np.nanmedian(draws[name])) - metrics[name]
            intervals[name] = [max(end - bias, 0.0) for end in ends]
    return intervals
