"""Tests of counters: does a number grow while its lead is open, or with the lead's age?"""

from typing import Final, NamedTuple

import numpy as np
from scipy.stats import rankdata, spearmanr

from history.base.arrays import Floats, Ints, Mask
from history.text.times import DAY_US
from training.audit.columns import Column
from training.audit.evidence import MIN_EACH, STRONG, WEAK, Evidence
from training.audit.leads import LeadStates

MIN_OPEN: Final = 30
MIN_REFERENCE: Final = 100
MAX_OPEN, MAX_REFERENCE = 1_000, 3_000  # evenly spaced samples; the comparison takes their product
PERIODS: Final = 10  # of creation, for the trend
MIN_CORRELATION: Final = 0.15  # of a counter with its time
MAX_UNEXPLAINED: Final = 0.1  # of the variance of the periods' means, by a line through the origin
# By simulated worlds: see docs/reference/leakage.md.
STRONG_GAP, STRONG_Z = 0.15, 6.0
WEAK_GAP, WEAK_Z = 0.10, 4.5


class Growth(NamedTuple):
    """How far open leads lie below older leads that were open as long: mean rank below one half, and its z-score.

    correlation: rank correlation of the number with the time to the closing, on closed leads.
    """

    gap: float
    z: float
    n_open: int
    correlation: float


def grows_while_open(column: Column, leads: LeadStates) -> Evidence | None:
    """A number that is lower on open leads than it came to be on leads that were open as long and longer.

    A value known at creation is distributed alike on both, however well it predicts the time to the closing: either is
    a fair sample of the leads that stay open for so long. A counter is lower where its time is not over.
    """
    if column.numbers is None or not leads.has_closing_times:
        return None
    growth = growth_of(column.numbers, leads)
    if growth is None or growth.correlation < MIN_CORRELATION or growth.gap < WEAK_GAP or growth.z < WEAK_Z:
        return None
    is_strong = growth.gap >= STRONG_GAP and growth.z >= STRONG_Z
    return Evidence(
        STRONG if is_strong else WEAK,
        f"its number grows while a lead is open: that of an open lead is below that of {0.5 + growth.gap:.0%} of the "
        "older leads that were open as long",
        {"growth_gap": growth.gap, "growth_z": growth.z, "growth_open": float(growth.n_open)},
    )


def grows_with_age(column: Column, leads: LeadStates) -> Evidence | None:
    """A number whose mean is proportional to the lead's age at T, from nearly 0 for the newest leads, also once closed.

    Weak evidence: a value can have risen or fallen since the first lead for other reasons.
    """
    values = column.numbers
    if values is None or np.count_nonzero(~np.isnan(values)) < MIN_REFERENCE:
        return None
    known = np.flatnonzero(~np.isnan(values))
    age = (leads.as_of_us - leads.created_us[known]) / DAY_US
    edges = np.unique(np.quantile(age, np.linspace(0, 1, PERIODS + 1)[1:-1]))
    period = np.searchsorted(edges, age, side="right")
    n = np.bincount(period)
    if len(n) < PERIODS or n.min() < MIN_EACH:
        return None
    mean_age, mean = np.bincount(period, age) / n, np.bincount(period, values[known]) / n
    slope = float((mean * mean_age).sum() / (mean_age**2).sum())
    unexplained = ((mean - slope * mean_age) ** 2).sum()
    if slope <= 0 or unexplained > MAX_UNEXPLAINED * ((mean - mean.mean()) ** 2).sum():
        return None
    return Evidence(
        WEAK,
        f"its number grows with the lead's age at T, closed leads included: {mean[0]:.3g} on average at "
        f"{mean_age[0]:.0f} days, {mean[-1]:.3g} at {mean_age[-1]:.0f} days",
        {"growth_a_day": slope},
    )


def growth_of(values: Floats, leads: LeadStates) -> Growth | None:
    """The comparison of grows_while_open for numbers (n,), NaN if missing; None if too few leads can be compared."""
    known = ~np.isnan(values) & ~leads.implied
    open_days = (leads.closed_us - leads.created_us) / DAY_US
    closed = np.flatnonzero(known & leads.decided & (open_days > 0))
    still_open = _sample(np.flatnonzero(known & ~leads.decided & (open_days > 0)), MAX_OPEN)
    if len(still_open) < MIN_OPEN or len(closed) < MIN_REFERENCE or np.ptp(values[closed]) == 0:
        return None
    detrended = _without_trend(values, leads.created_us, open_days, known, closed)
    reference = _sample(np.flatnonzero(known & (open_days > 0)), MAX_REFERENCE)

    outlasts = open_days[reference] > open_days[still_open, None]
    outlasts &= leads.created_us[reference] < leads.created_us[still_open, None]
    n = outlasts.sum(axis=1)
    below = detrended[still_open, None] < detrended[reference]
    ties = detrended[still_open, None] == detrended[reference]
    shares = ((below + 0.5 * ties) * outlasts).sum(axis=1)[n >= MIN_OPEN] / n[n >= MIN_OPEN]
    if len(shares) < MIN_OPEN:
        return None
    gap = float(shares.mean()) - 0.5
    variance = (1 / len(shares) + 1 / float(np.median(n[n >= MIN_OPEN]))) / 12
    correlation = float(spearmanr(values[closed], open_days[closed]).statistic)
    return Growth(gap, gap / float(np.sqrt(variance)), len(shares), correlation)


def _without_trend(values: Floats, created_us: Ints, open_days: Floats, known: Mask, closed: Ints) -> Floats:
    """Ranks of the values (n,) without their trend over the creation time, at equal time to the closing.

    The trend is a step for each of PERIODS periods, fitted on the closed leads beside a curve of the time to the
    closing: a counter depends on that time alone and has no trend.
    """
    ranks = np.full(len(values), np.nan)
    ranks[known] = rankdata(values[known]) / np.count_nonzero(known)
    edges = np.unique(np.quantile(created_us[closed], np.linspace(0, 1, PERIODS + 1)[1:-1]))
    period = np.searchsorted(edges, created_us, side="right")
    steps = np.eye(len(edges) + 1)
    time = np.log(np.maximum(open_days, 1e-3))
    design = np.column_stack([steps[period[closed]], *(time[closed] ** k for k in (1, 2, 3))])
    weights, *_ = np.linalg.lstsq(design, ranks[closed], rcond=None)
    return np.asarray(ranks - weights[period])


def _sample(rows: Ints, most: int) -> Ints:
    return rows[:: max(1, -(-len(rows) // most))]
