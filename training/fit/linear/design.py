"""Feature columns as regressors of a linear model: standardised numbers, missing flags and category codes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import types

from features.catalogue import Feature
from history.base.arrays import Floats, Ints, Mask
from history.base.compiled import F64_2D, I64, OUT, compiled
from models.figures.linear import LinearModel, write_numbers
from training.fit.linear.design_matrix import DesignMatrix
from training.fit.linear.scales import Scales, better_as_logs, scales_of

# Rows of the scales (4, k) by which numbers are standardised.
CENTRE, SCALE, LOW, HIGH = range(4)
MIN_MISSING_SHARE = 0.01  # of missing, and of present, values from which missing gets an effect of its own


@dataclass(frozen=True)
class Design:
    """How k feature columns become regressors: one a number, one more if it is often missing, one a category code.

    frame: a linear model with the columns' scales and widths, its effects still 0. flagged (k,): numbers whose missing
    values get a regressor of their own.
    """

    frame: LinearModel
    flagged: Mask

    @property
    def numbers(self) -> Ints:
        """Columns that are numbers."""
        return np.flatnonzero(~self.frame.is_category)

    def expand(self, values: Floats) -> Floats:
        """Regressors (n, m) of feature values (n, k): numbers, then missing flags, then category codes."""
        is_log = self.frame.is_log[self.numbers]
        return self.matrix(
            values, _numbers_and_flags(values, self.numbers, is_log, self._flagged_numbers)
        ).dense()

    def matrix(self, values: Floats, columns: Floats) -> DesignMatrix:
        """The regressors of feature values (n, k).

        columns (n, d): the numbers or their signed logarithms, then missing flags; written over by the regressors.
        """
        frame, numbers = self.frame, self.numbers
        scales = np.stack((frame.mean, frame.scale, frame.low, frame.high))
        _standardise(columns, np.ascontiguousarray(scales[:, numbers]))
        categories = np.flatnonzero(frame.width)
        codes = np.empty((len(values), len(categories)), dtype=np.int64)
        for place, j in enumerate(categories):
            codes[:, place] = frame.start[j] + known_codes(values[:, j], int(frame.width[j]))
        return DesignMatrix(columns, codes, len(frame.levels))

    def groups(self, features: Sequence[Feature]) -> Ints:
        """Which regressors (m,), in the order of `expand`, are of one kind: numbered from 0.

        Numbers of one unit in one block of features, flags of missing values by block, and all category codes.
        """
        numbers = [features[j] for j in self.numbers]
        flags = [features[j] for j in self._flagged_numbers]
        kinds = [("number", one.block, one.unit, one.of_past_leads) for one in numbers]
        kinds += [("missing", one.block, "", False) for one in flags]
        kinds += [("category", "", "", False)] * len(self.frame.levels)
        number = {kind: place for place, kind in enumerate(dict.fromkeys(kinds))}
        return np.array([number[kind] for kind in kinds], dtype=np.int64)

    @property
    def _flagged_numbers(self) -> Ints:
        numbers = self.numbers
        return numbers[self.flagged[numbers]]

    def fold(self, coefficients: Floats, intercept: float, mean: Floats) -> LinearModel:
        """The fitted coefficients (m,) as effects of feature columns; mean (m,): of the regressors.

        Each effect is centred to mean 0; the intercept takes up the rest.
        """
        raw = self._uncentred(coefficients, intercept)
        mean_effect = self._by_column(coefficients * mean)
        return replace(
            raw,
            intercept=intercept + float(mean_effect.sum()),
            shift=np.where(raw.is_category, 0.0, -mean_effect),
            missing=raw.missing - mean_effect,
            levels=_centred_levels(raw, mean_effect),
        )

    def _uncentred(self, coefficients: Floats, intercept: float) -> LinearModel:
        """The coefficients, in the order of `expand`, in the places of a linear model."""
        frame, numbers, flagged = self.frame, self.numbers, self._flagged_numbers
        slopes, flags, codes = np.split(coefficients, [len(numbers), len(numbers) + len(flagged)])
        slope, missing = np.zeros(len(frame.mean)), np.zeros(len(frame.mean))
        slope[numbers] = slopes
        missing[flagged] = flags
        return replace(frame, intercept=intercept, slope=slope, missing=missing, levels=np.array(codes))

    def _by_column(self, effects: Floats) -> Floats:
        """Sums (k,) of the effects (m,) of each feature column's regressors."""
        frame, numbers, flagged = self.frame, self.numbers, self._flagged_numbers
        slopes, flags, levels = np.split(effects, [len(numbers), len(numbers) + len(flagged)])
        total = np.zeros(len(frame.mean))
        total[numbers] = slopes
        total[flagged] += flags
        for j in np.flatnonzero(frame.width):
            total[j] = levels[frame.start[j] : frame.start[j] + frame.width[j]].sum()
        return total


def _centred_levels(model: LinearModel, mean_effect: Floats) -> Floats:
    """Effects of all category codes, minus the mean effect (k,) of their column."""
    levels = model.levels.copy()
    for j, (start, width) in enumerate(zip(model.start, model.width, strict=True)):
        levels[start : start + width] -= mean_effect[j]
    return levels


def known_codes(codes: Floats, width: int) -> Ints:
    """Codes (n,) below the width: 0 for a missing one, 1 (unseen) for one out of range."""
    code = np.where(np.isnan(codes), 0, codes).astype(np.int64)
    return np.where((code < 0) | (code >= width), min(1, width - 1), code)


def _numbers_and_flags(values: Floats, numbers: Ints, is_log: Mask, flagged: Ints) -> Floats:
    """Numbers of feature values (n, k), signed logarithms where is_log (c,), then 1 where a flagged one is missing."""
    columns = np.empty((len(values), len(numbers) + len(flagged)))
    write_numbers(values, numbers, is_log, columns)
    _write_flags(values, flagged, columns)
    return columns


@compiled(types.void(F64_2D, I64, OUT))
def _write_flags(values: Floats, flagged: Ints, out: Floats) -> None:
    """Writes 1 where a flagged number is missing, else 0, into the last columns of out."""
    first = out.shape[1] - len(flagged)
    for i in range(values.shape[0]):
        for place in range(len(flagged)):
            x = values[i, flagged[place]]
            out[i, first + place] = 0.0 if x == x else 1.0


@compiled(types.void(OUT, F64_2D))
def _standardise(columns: Floats, scales: Floats) -> None:
    """Standardises the first c columns by scales (4, c); missing values become 0."""
    for i in range(columns.shape[0]):
        for j in range(scales.shape[1]):
            x = columns[i, j]
            if x == x:
                standardised = (x - scales[CENTRE, j]) / scales[SCALE, j]
                columns[i, j] = min(max(standardised, scales[LOW, j]), scales[HIGH, j])
            else:
                columns[i, j] = 0.0


class Regressors(NamedTuple):
    """A design and the regressors (n, m) of the rows that it was made of, with their weighted mean (m,)."""

    design: Design
    x: DesignMatrix
    mean: Floats


def regressors_of(values: Floats, features: Sequence[Feature], weight: Floats) -> Regressors:
    """The design of training rows (n, k), by weighted scales, ranges and category widths, and their regressors."""
    is_category = np.array([feature.kind == "category" for feature in features], dtype=bool)
    share = _present_counts(values) / max(len(values), 1)
    flagged = (share >= MIN_MISSING_SHARE) & (share <= 1 - MIN_MISSING_SHARE) & ~is_category
    numbers = np.flatnonzero(~is_category)

    is_log = ~is_category
    is_log[numbers] = better_as_logs(values, numbers)
    columns = _numbers_and_flags(values, numbers, is_log[numbers], np.flatnonzero(flagged))
    scales = scales_of(columns, len(numbers), weight)
    design = Design(_frame(values, is_category, is_log, scales), flagged)
    x = design.matrix(values, columns)
    return Regressors(design, x, x.sums(weight) / weight.sum())


def _frame(values: Floats, is_category: Mask, is_log: Mask, scales: Scales) -> LinearModel:
    """A linear model without effects; a category is on no scale."""
    k, numbers = len(is_category), ~is_category
    mean, scale, low, high, zero = np.zeros(k), np.ones(k), np.zeros(k), np.zeros(k), np.zeros(k)
    mean[numbers], scale[numbers] = scales.mean, scales.scale
    low[numbers], high[numbers] = scales.low, scales.high
    width = np.array([_width(values[:, j]) if is_category[j] else 0 for j in range(k)], dtype=np.int64)
    return LinearModel(
        intercept=0.0,
        is_category=is_category,
        is_log=is_log,
        mean=mean,
        scale=scale,
        low=low,
        high=high,
        slope=zero,
        shift=zero,
        missing=zero,
        start=_starts(width),
        width=width,
        levels=np.zeros(int(width.sum())),
    )


@compiled(types.int64[::1](F64_2D))
def _present_counts(values: Floats) -> Ints:
    """The number (k,) of present values in each column of (n, k)."""
    present = np.zeros(values.shape[1], dtype=np.int64)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            x = values[i, j]
            present[j] += x == x
    return present


def _width(codes: Floats) -> int:
    """Number of codes of a category, 0 to the largest; 0 if all are missing."""
    known = codes[~np.isnan(codes)]
    return int(known.max()) + 1 if len(known) else 0


def _starts(width: Ints) -> Ints:
    """Positions (k,) at which each column's levels begin."""
    if not len(width):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(([0], np.cumsum(width)[:-1])).astype(np.int64)
