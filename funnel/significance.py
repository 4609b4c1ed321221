"""Values of p, without scipy.stats: its import takes half a second and 40 MB of a service's process."""

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, ndtr


def normal_p_below(z: float) -> float:
    """The chance that a standard normal variable lies below z."""
    return float(ndtr(z))


def normal_p_above(z: float) -> float:
    """The chance that a standard normal variable lies above z."""
    return float(ndtr(-z))


def chi_squared_p_above(x: float, freedom: int) -> float:
    """The chance that a chi-squared variable of so many degrees of freedom lies above x."""
    return float(chdtrc(freedom, x))


def false_discovery_rates(p: Sequence[float]) -> list[float]:
    """The false discovery rate (n,) at which each of n tests counts (Benjamini and Hochberg 1995)."""
    order = np.argsort(p)
    steps = np.asarray(p, dtype=np.float64)[order] * (len(p) / np.arange(1, len(p) + 1))
    rates = np.empty(len(p))
    rates[order] = np.minimum.accumulate(steps[::-1])[::-1]
    capped: list[float] = np.minimum(rates, 1.0).tolist()
    return capped
