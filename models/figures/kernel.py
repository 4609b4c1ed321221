"""Compiled steps from margins to the figures of a score, one by one and all in one call.

One file, since kernels call functions of their own file only (history/base/compiled.py); one call, since each takes
some microseconds of a request.
"""

import math
from typing import Final

import numpy as np
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, OUT_I64, compiled
from history.text.times import DAY_US

BOUND: Final = 9.2  # log-odds of 0.9999: no open lead is surer than that
Z80: Final = 1.2815515655446004  # standard normal quantile of 0.9: 80 % intervals
LOW_LEVEL, HIGH_LEVEL = 0.1, 0.9  # of the 80 % interval of an amount
LARGEST_LOG: Final = 46.0  # e^46 = 1e20: no deal is larger
NEAR: Final = (
    1e-6  # nearer to the base, the chord is as good as the tangent and its slope would divide by about 0
)
NO_REFERENCE: Final = 50.0  # the rank without leads to compare with

# Rows of margins (4, n), constants (3,) and figures (8, n) of `score_figures`.
CONVERSION, SIZE, PAYING, CLOSING = range(4)
FACTOR, PAYING_RATE, HORIZON_DAYS = range(3)
(
    PROBABILITY,
    PROBABILITY_LOW,
    PROBABILITY_HIGH,
    RANK,
    AMOUNT,
    AMOUNT_LOW,
    AMOUNT_HIGH,
    DAYS_TO_WIN,
) = range(8)
FIGURES: Final = 8


@compiled()
def _through_at(margin: float, knots: Floats, logits: Floats) -> float:
    """The piecewise linear map of one margin, clipped to +-BOUND."""
    # Clipped to the first and last piece, so that their slopes continue beyond the ends.
    j = min(max(int(np.searchsorted(knots, margin)) - 1, 0), len(knots) - 2)
    slope = (logits[j + 1] - logits[j]) / (knots[j + 1] - knots[j])
    return float(min(max(logits[j] + slope * (margin - knots[j]), -BOUND), BOUND))


@compiled()
def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


@compiled()
def _interpolated_at(x: float, places: Floats, values: Floats) -> float:
    """`interpolated` at one place."""
    j = np.searchsorted(places, x, side="right") - 1
    if j < 0:
        return float(values[0])
    if j >= len(places) - 1:
        return float(values[-1])
    slope = (values[j + 1] - values[j]) / (places[j + 1] - places[j])
    return float(slope * (x - places[j]) + values[j])


@compiled()
def _rank(reference: Floats, probability: float) -> float:
    """100 times the share of the sorted reference below a probability, plus half the share equal to it; one decimal."""
    if not len(reference):
        return NO_REFERENCE
    below = np.searchsorted(reference, probability, side="left")
    upto = np.searchsorted(reference, probability, side="right")
    return float(np.rint(50.0 * (below + upto) / len(reference) * 10) / 10)


@compiled()
def _put_amount(
    out: Floats, first: int, i: int, log_size: float, positive: float, factor: float, levels: Floats,
    residuals: Floats,
) -> None:  # fmt: skip
    """Writes an expected amount and both ends of its interval into three rows: a mixture of zeros and the residuals."""
    size = math.exp(min(max(log_size, -LARGEST_LOG), LARGEST_LOG))
    zero = 1 - positive
    out[first, i] = positive * factor * size
    for end in range(2):
        level = HIGH_LEVEL if end else LOW_LEVEL
        # The quantile of the paying deals that is the mixture's quantile at this level.
        inner = min(max((level - zero) / max(positive, 1e-9), 0.0), 1.0)
        out[first + 1 + end, i] = (
            0.0 if level <= zero else math.exp(np.interp(inner, levels, residuals)) * size
        )


@compiled(types.float64[::1](F64, F64, F64))
def through(margin: Floats, knots: Floats, logits: Floats) -> Floats:
    """The piecewise linear map through (knots, logits) of each margin (n,), clipped to +-BOUND."""
    out = np.empty(len(margin))
    for i in range(len(margin)):
        out[i] = _through_at(margin[i], knots, logits)
    return out


@compiled(types.float64[::1](F64))
def sigmoid(logit: Floats) -> Floats:
    """1 / (1 + exp(-x)) of each log-odds (n,)."""
    out = np.empty(len(logit))
    for i in range(len(logit)):
        out[i] = _sigmoid(logit[i])
    return out


@compiled(types.float64[::1](F64, F64, F64))
def interpolated(x: Floats, places: Floats, values: Floats) -> Floats:
    """Piecewise linear through values (m,) at rising places (m,), constant beyond, at finite x (n,).

    Equal to `np.interp` to the last bit, without its checks in Python, which cost a request more than the sum.
    """
    out = np.empty(len(x))
    for i in range(len(x)):
        out[i] = _interpolated_at(x[i], places, values)
    return out


@compiled(types.float64[::1](F64, F64))
def midrank(reference: Floats, probability: Floats) -> Floats:
    """100 times the share of the reference (r,) below each probability (n,), plus half the share equal to it.

    The reference is sorted; results have one decimal, NO_REFERENCE without a reference.
    """
    out = np.empty(len(probability))
    for i in range(len(probability)):
        out[i] = _rank(reference, probability[i])
    return out


@compiled(types.void(F64, F64, types.float64, F64, F64, OUT))
def amounts(
    log_size: Floats, positive: Floats, factor: float, levels: Floats, residuals: Floats, out: Floats
) -> None:
    """Writes expected amounts (n,) and both ends of their intervals into out (3, n).

    log_size and positive (n,): log of the size, and the chance that a won deal pays; levels and residuals (levels,):
    quantiles of the size's error.
    """
    for i in range(len(log_size)):
        _put_amount(out, 0, i, log_size[i], positive[i], factor, levels, residuals)


@compiled(types.void(F64_2D, types.float64, F64, F64, OUT))
def point_rows(parts: Floats, base: float, knots: Floats, logits: Floats, out: Floats) -> None:
    """Writes the points (n, k) of additive parts (n, k) around the margin `base` into out: see `explain.points`."""
    at_base = _sigmoid(_through_at(base, knots, logits))
    for i in range(parts.shape[0]):
        distance = 0.0
        for j in range(parts.shape[1]):
            distance += parts[i, j]
        reach = NEAR if abs(distance) < NEAR else distance
        slope = (_sigmoid(_through_at(base + reach, knots, logits)) - at_base) / reach
        for j in range(parts.shape[1]):
            out[i, j] = 100 * parts[i, j] * slope


@compiled(types.void(F64, OUT_I64))
def largest(values: Floats, order: Ints) -> None:
    """Writes the columns of the values (k,) largest in size, the largest first, into order (k or less,).

    Equal ones are in the order of their columns.
    """
    for j in range(len(values)):
        place = min(j, len(order))
        # Sorted in from the end; mostly it stays out.
        while place > 0 and abs(values[order[place - 1]]) < abs(values[j]):
            if place < len(order):
                order[place] = order[place - 1]
            place -= 1
        if place < len(order):
            order[place] = j


@compiled(
    types.void(
        *(OUT, I64, F64, F64, F64, F64),  # margins and instants, calibration, error of the log-odds
        *(F64, F64, F64, F64, F64, F64),  # reference, amounts, closing time, constants
        *(OUT, OUT_I64),
    )
)
def score_figures(
    margins: Floats, as_of_us: Ints, knots: Floats, logits: Floats, error_logits: Floats, deviations: Floats,
    reference: Floats, levels: Floats, residuals: Floats, places: Floats, median_residuals: Floats,
    constants: Floats, out: Floats, closes_us: Ints,
) -> None:  # fmt: skip
    """Writes the figures of n scores into out (FIGURES, n), and their median closing times into closes_us (n,).

    margins (4, n): of conversion, size, paying and closing. To the last bit what `through`, `interpolated`, `sigmoid`,
    `midrank` and `amounts` give one after the other; amounts are NaN without levels, the chance of a paying deal is
    constants[PAYING_RATE] unless this is NaN.
    """
    for i in range(margins.shape[1]):
        logit = _through_at(margins[CONVERSION, i], knots, logits)
        width = Z80 * _interpolated_at(logit, error_logits, deviations)
        out[PROBABILITY, i] = _sigmoid(logit)
        out[PROBABILITY_LOW, i], out[PROBABILITY_HIGH, i] = _sigmoid(logit - width), _sigmoid(logit + width)
        out[RANK, i] = _rank(reference, out[PROBABILITY, i])
        if len(levels):
            rate = constants[PAYING_RATE]
            positive = _sigmoid(margins[PAYING, i]) if np.isnan(rate) else rate
            _put_amount(out, AMOUNT, i, margins[SIZE, i], positive, constants[FACTOR], levels, residuals)
        else:
            out[AMOUNT, i] = out[AMOUNT_LOW, i] = out[AMOUNT_HIGH, i] = np.nan
        place = margins[CLOSING, i]
        days = constants[HORIZON_DAYS] * _sigmoid(place + _interpolated_at(place, places, median_residuals))
        out[DAYS_TO_WIN, i] = days
        closes_us[i] = as_of_us[i] + np.int64(days * DAY_US)
