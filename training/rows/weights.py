"""Row weights that the fits share: recent rows count more, and all rows of one lead together count once."""

import numpy as np

from history.base.arrays import Floats, Ints


def recency_weight(age_us: Ints, horizon_us: int, half_life_horizons: float) -> Floats:
    """Exponential decay 0.5 ** (age / half-life) of rows (n,) that are age_us microseconds old."""
    half_life_us = horizon_us * half_life_horizons
    return np.asarray(0.5 ** (age_us / half_life_us), dtype=np.float64)


def weight_per_lead(lead: Ints) -> Floats:
    """One over the number of rows of the same lead (n,): the weights of each lead sum to 1."""
    _, index, count = np.unique(lead, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[index], dtype=np.float64)


def concentration(weight: Floats, lead: Ints) -> float:
    """One over the effective number of leads, after Kish (1965): so many equal leads give the same variance."""
    _, index = np.unique(lead, return_inverse=True)
    weight_of_lead = np.bincount(index, weight)
    return float(np.sum(weight_of_lead**2) / weight.sum() ** 2)
