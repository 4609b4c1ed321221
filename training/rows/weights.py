"""Row weights that the fits share, and sums by lead: recent rows count more, rows of one lead count together."""

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
    return float(np.sum(sums_by_lead(weight, lead) ** 2) / weight.sum() ** 2)


def sums_by_lead(values: Floats, lead: Ints) -> Floats:
    """The sums (leads,) of values (n,) over the rows of each lead, in the order of leads."""
    _, index = np.unique(lead, return_inverse=True)
    return np.bincount(index, values).astype(np.float64)


def deviation_by_lead(scores: Floats, lead: Ints) -> float:
    """Standard deviation of the sum of scores (n,) of mean 0, if rows of one lead depend on each other.

    The middle of the sandwich estimate (Liang and Zeger 1986).
    """
    return float(np.sqrt(np.sum(sums_by_lead(scores, lead) ** 2)))
