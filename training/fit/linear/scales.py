"""Scales of the linear model's numbers: as they are or as logarithms, with mean, deviation and range."""

from typing import NamedTuple

import numpy as np
from numba import types

from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import F64, F64_2D, OUT, compiled
from models.figures.linear import MAX_SIGMA, write_numbers

# A number is read as it is if that is less skewed than its logarithm, by so much at least (docs/decisions/0088).
LESS_SKEWED = 0.5
SKEWNESS_ROWS = 5000  # of more rows, so many at even distances tell the skewness
# Rows of the sums (6, k) over the present values of each column; the mean and the variance are weighted.
TOTAL_WEIGHT, MEAN, VARIANCE, SMALLEST, LARGEST, PRESENT = range(6)


def better_as_logs(values: Floats, numbers: Ints) -> Mask:
    """Which numbers (c,) of feature values (n, k) are to be read as logarithms.

    Counts, days and money have a long tail, which the logarithm draws in; of a score or a share it would make one.
    """
    plain = np.ascontiguousarray(values[:: max(1, len(values) // SKEWNESS_ROWS), numbers])
    every = np.arange(len(numbers))
    logs = np.empty_like(plain)
    write_numbers(plain, every, np.ones(len(every), dtype=np.bool_), logs)
    # A number so large that its moments overflow (NaN) has a long tail.
    return ~(np.abs(_skewness(plain)) < np.abs(_skewness(logs)) - LESS_SKEWED)


@compiled(types.float64[::1](F64_2D))
def _skewness(columns: Floats) -> Floats:
    """Third standardised moment (c,) of the present values of each column of (n, c); 0 if they are all equal."""
    n, c = columns.shape
    present, mean, square, cube = np.zeros(c), np.zeros(c), np.zeros(c), np.zeros(c)
    for i in range(n):
        for j in range(c):
            x = columns[i, j]
            if x == x:
                present[j] += 1
                mean[j] += x
    present = np.maximum(present, 1.0)
    mean /= present
    for i in range(n):
        for j in range(c):
            away = columns[i, j] - mean[j]
            if away == away:
                square[j] += away * away
                cube[j] += away * away * away
    variance = np.maximum(square / present, 1e-18 * (1.0 + mean**2))
    return cube / present / variance**1.5


class Scales(NamedTuple):
    """Weighted mean and standard deviation of c numbers, and their standardised ranges, (c,) each."""

    mean: Floats
    scale: Floats
    low: Floats
    high: Floats


def scales_of(columns: Floats, numbers: int, weight: Floats) -> Scales:
    """Of the first columns, so many numbers."""
    sums = np.zeros((6, numbers))
    _column_sums(columns, weight, sums)
    mean, present = sums[MEAN], sums[PRESENT]
    scale = np.sqrt(sums[VARIANCE])
    scale = np.where(scale > 1e-9, scale, 1.0)

    # Ages and counts grow past all that a young funnel has shown. A tree is constant beyond its training range, and so
    # must the line be (docs/decisions/0022).
    low, high = (sums[SMALLEST] - mean) / scale, (sums[LARGEST] - mean) / scale
    low, high = np.where(present > 0, low, 0.0), np.where(present > 0, high, 0.0)
    return Scales(mean, scale, np.maximum(low, -MAX_SIGMA), np.minimum(high, MAX_SIGMA))


@compiled(types.void(F64_2D, F64, OUT))
def _column_sums(columns: Floats, weight: Floats, sums: Floats) -> None:
    """Writes the sums (6, c), zeros before, of the first c columns under weight (n,)."""
    n, k = columns.shape[0], sums.shape[1]
    for i in range(n):
        for j in range(k):
            x = columns[i, j]
            if x == x:
                if sums[PRESENT, j] == 0 or x < sums[SMALLEST, j]:
                    sums[SMALLEST, j] = x
                if sums[PRESENT, j] == 0 or x > sums[LARGEST, j]:
                    sums[LARGEST, j] = x
                sums[TOTAL_WEIGHT, j] += weight[i]
                sums[MEAN, j] += weight[i] * x
                sums[PRESENT, j] += 1
    for j in range(k):
        sums[TOTAL_WEIGHT, j] = max(sums[TOTAL_WEIGHT, j], 1e-12)
        sums[MEAN, j] /= sums[TOTAL_WEIGHT, j]
    for i in range(n):
        for j in range(k):
            x = columns[i, j]
            if x == x:
                sums[VARIANCE, j] += weight[i] * (x - sums[MEAN, j]) ** 2
    for j in range(k):
        sums[VARIANCE, j] /= sums[TOTAL_WEIGHT, j]
