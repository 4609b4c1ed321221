"""Weighted quantiles at fixed levels, as amount and close-time models store them."""

import numpy as np

from history.base.arrays import Floats

LEVELS = np.linspace(0.0, 1.0, 101)


def weighted_quantiles(values: Floats, weight: Floats) -> Floats:
    """Quantiles of values (n,) at LEVELS, non-decreasing; the ends are the smallest and the largest value."""
    order = np.argsort(values, kind="stable")
    ordered_weight = weight[order]
    mass = np.cumsum(ordered_weight)
    # Each value stands in the middle of its own weight (Hazen's rule for equal weights).
    places = (mass - 0.5 * ordered_weight) / mass[-1]
    return np.asarray(np.interp(LEVELS, places, values[order]), dtype=np.float64)
