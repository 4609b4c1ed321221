"""Values of p by scipy.stats, which is imported with the first test: that takes half a second at a service's start."""

from collections.abc import Sequence
from typing import Any


def stats() -> Any:
    """scipy.stats."""
    import scipy.stats

    return scipy.stats


def normal_p_above(z: float) -> float:
    """The chance that a standard normal variable lies above z."""
    return float(stats().norm.sf(z))


def chi_squared_p_above(x: float, freedom: int) -> float:
    """The chance that a chi-squared variable of so many degrees of freedom lies above x."""
    return float(stats().chi2.sf(x, freedom))


def false_discovery_rates(p: Sequence[float]) -> list[float]:
    """The false discovery rate (n,) at which each of n tests counts (Benjamini and Hochberg 1995)."""
    rates: list[float] = stats().false_discovery_control(p).tolist()
    return rates
