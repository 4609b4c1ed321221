"""An additive margin over feature columns: standardised numbers or logarithms, and an effect for each category."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, FLAGS, I64, I64_2D, OUT, compiled

Flags = npt.NDArray[np.bool_]

FLAGS_2D = types.Array(types.boolean, 2, "C", readonly=True)
F64_3D = types.Array(types.float64, 3, "C", readonly=True)

# The numbers of a column and model in a LinearStack.
_NUMBERS: Final = ("mean", "scale", "low", "high", "slope", "shift", "missing", "is_log")
_MEAN, _SCALE, _LOW, _HIGH, _SLOPE, _SHIFT, _MISSING, _IS_LOG = range(8)

# Standard deviations at which a number is clipped: an outlier must not outweigh all other columns.
MAX_SIGMA = 5.0
BLOCK = 16_384  # rows whose contributions are summed at a time
# Most numbers are counts: a table is faster than the logarithm, and the same to the last bit.
LOGS: Final = np.array([math.log1p(count) for count in range(1024)])

# Fields of a LinearModel in a bundle that are not float64.
_DTYPES = {"is_category": np.bool_, "is_log": np.bool_, "start": np.int64, "width": np.int64}


@dataclass(frozen=True)
class LinearModel:
    """intercept + the sum of one effect a column, each of mean 0 over the training rows.

    is_category (k,): the kind of each column. The other arrays are (k,) too, but levels.
    Numbers: z = (x - mean) / scale, clipped to [low, high]; effect slope * z + shift, or `missing`. Where is_log, the
    logarithm sign(x) log(1 + |x|) stands for x.
    Categories: start and width index levels (sum of widths,), the effects by code; effect levels[start + code] for
    code < width, else that of code 1 (unseen).
    """

    intercept: float
    is_category: npt.NDArray[np.bool_]
    is_log: npt.NDArray[np.bool_]
    mean: Floats
    scale: Floats
    low: Floats
    high: Floats
    slope: Floats
    shift: Floats
    missing: Floats
    start: npt.NDArray[np.int64]
    width: npt.NDArray[np.int64]
    levels: Floats

    def contributions(self, values: Floats) -> Floats:
        """Effects (n, k) of feature values (n, k); bitwise the same for a row alone and in a batch."""
        out = np.empty(values.shape)
        _effects(
            values,
            self.is_category,
            self.is_log,
            self.mean,
            self.scale,
            self.low,
            self.high,
            self.slope,
            self.shift,
            self.missing,
            self.start,
            self.width,
            self.levels,
            out,
        )
        return out

    def margin(self, values: Floats) -> Floats:
        """Log-odds (n,) without calibration."""
        return self.effects(values) + self.intercept

    def effects(self, values: Floats) -> Floats:
        """The sums (n,) of the contributions, of which no more than BLOCK rows are in memory."""
        out = np.empty(len(values))
        for first in range(0, len(values), BLOCK):
            rows = slice(first, first + BLOCK)
            out[rows] = row_sums(self.contributions(values[rows]))
        return out

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        content = {}
        for name, value in vars(self).items():
            content[name] = value.tolist() if isinstance(value, np.ndarray) else value
        return content

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "LinearModel":
        """The inverse of to_dict. A model without `is_log` is older and reads every number as its logarithm."""
        fields: dict[str, Any] = {"is_log": np.ones(len(d["mean"]), dtype=np.bool_)}
        for name, value in d.items():
            if name == "intercept":
                fields[name] = value
            else:
                fields[name] = np.array(value, dtype=_DTYPES.get(name, np.float64))
        return cls(**fields)


@dataclass(frozen=True, eq=False)
class LinearStack:
    """Linear models (m,) over the same k columns, evaluated in one call: each takes some microseconds of a request.

    intercept and share (m,): of each model's margin; numbers (k, m, 8), is_category, start and width (k, m): the fields
    of LinearModel, levels those of all models.
    """

    intercept: Floats
    share: Floats
    is_category: npt.NDArray[np.bool_]
    numbers: Floats
    start: npt.NDArray[np.int64]
    width: npt.NDArray[np.int64]
    levels: Floats

    def margins(self, values: Floats, out: Floats) -> None:
        """Writes intercept + share * sum of effects of feature values (n, k) into out (m, n).

        To the last bit what each model gives alone.
        """
        _margins(
            values, self.intercept, self.share, self.is_category, self.numbers, self.start, self.width,
            self.levels, out,
        )  # fmt: skip


def linear_stack(models: Sequence[LinearModel], shares: Sequence[float]) -> LinearStack:
    """The models as one, each with its share of the margin."""
    first_level = [0, *accumulate(len(model.levels) for model in models)]
    starts = [model.start + first for model, first in zip(models, first_level, strict=False)]
    numbers = [[getattr(model, name) for model in models] for name in _NUMBERS]
    return LinearStack(
        intercept=np.array([model.intercept for model in models], dtype=np.float64),
        share=np.array(shares, dtype=np.float64),
        is_category=np.ascontiguousarray(np.array([model.is_category for model in models]).T),
        numbers=np.ascontiguousarray(np.array(numbers, dtype=np.float64).transpose(2, 1, 0)),
        start=np.ascontiguousarray(np.array(starts, dtype=np.int64).T),
        width=np.ascontiguousarray(np.array([model.width for model in models], dtype=np.int64).T),
        levels=np.concatenate([model.levels for model in models]),
    )


def constant_model(margin: float, columns: int) -> LinearModel:
    """The model whose margin is the same for all values of so many columns."""
    zeros, none = np.zeros(columns), np.zeros(columns, dtype=np.int64)
    return LinearModel(
        margin, np.zeros(columns, dtype=np.bool_), np.ones(columns, dtype=np.bool_), zeros, np.ones(columns),
        zeros, zeros, zeros, zeros, zeros, none, none, np.zeros(0),
    )  # fmt: skip


@compiled()
def _log(x: float) -> float:
    """sign(x) log(1 + |x|), the scale on which counts, days and money are compared; NaN of NaN."""
    if 0.0 <= x < len(LOGS):
        count = int(x)
        if count == x:
            return float(LOGS[count])
    return x if math.isnan(x) else math.copysign(math.log1p(abs(x)), x)


@compiled()
def _level(x: float, start: int, width: int, levels: Floats) -> float:
    """The effect of a category code."""
    if width == 0:
        return 0.0
    code = 0 if math.isnan(x) else int(x)
    if code < 0 or code >= width:
        code = min(1, width - 1)
    return float(levels[start + code])


@compiled()
def _effect(
    x: float, mean: float, scale: float, low: float, high: float, slope: float, shift: float
) -> float:
    """The effect of a number, or of its logarithm."""
    z = (x - mean) / scale
    # Constant beyond the training range: ages and counts outgrow what a young funnel has shown.
    z = min(max(z, low), high)
    return slope * z + shift


@compiled(types.void(F64_2D, I64, FLAGS, OUT))
def write_numbers(values: Floats, columns: Ints, is_log: Flags, out: Floats) -> None:
    """Writes columns (c,) of values (n, k) into the first c of out; sign(x) log(1 + |x|) of x where is_log (c,)."""
    for i in range(values.shape[0]):
        for place in range(len(columns)):
            x = values[i, columns[place]]
            out[i, place] = _log(x) if is_log[place] else x


@compiled(types.void(F64_2D, FLAGS, FLAGS, F64, F64, F64, F64, F64, F64, F64, I64, I64, F64, OUT))
def _effects(
    values: Floats, is_category: Flags, is_log: Flags, mean: Floats, scale: Floats, low: Floats, high: Floats,
    slope: Floats, shift: Floats, missing: Floats, start: Ints, width: Ints, levels: Floats, out: Floats,
) -> None:  # fmt: skip
    """Writes the effects (n, k) of values (n, k) into out."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            x = values[i, j]
            if is_category[j]:
                out[i, j] = _level(x, start[j], width[j], levels)
            elif math.isnan(x):
                out[i, j] = missing[j]
            else:
                if is_log[j]:
                    x = _log(x)
                out[i, j] = _effect(x, mean[j], scale[j], low[j], high[j], slope[j], shift[j])


@compiled(types.void(F64_2D, F64, F64, FLAGS_2D, F64_3D, I64_2D, I64_2D, F64, OUT))
def _margins(
    values: Floats, intercept: Floats, share: Floats, is_category: Flags, numbers: Floats, start: Ints,
    width: Ints, levels: Floats, out: Floats,
) -> None:  # fmt: skip
    """Writes the margins (m, n) of values (n, k) into out; adds effects from left to right, as `row_sums` does."""
    for i in range(values.shape[0]):
        for m in range(len(intercept)):
            out[m, i] = 0.0
        for j in range(values.shape[1]):
            x = values[i, j]
            log, has_log = 0.0, False  # the same for all models
            for m in range(len(intercept)):
                if is_category[j, m]:
                    effect = _level(x, start[j, m], width[j, m], levels)
                elif math.isnan(x):
                    effect = numbers[j, m, _MISSING]
                else:
                    number = x
                    if numbers[j, m, _IS_LOG] != 0.0:
                        if not has_log:
                            log, has_log = _log(x), True
                        number = log
                    effect = _effect(
                        number,
                        numbers[j, m, _MEAN],
                        numbers[j, m, _SCALE],
                        numbers[j, m, _LOW],
                        numbers[j, m, _HIGH],
                        numbers[j, m, _SLOPE],
                        numbers[j, m, _SHIFT],
                    )
                out[m, i] += effect
        for m in range(len(intercept)):
            out[m, i] = intercept[m] + share[m] * out[m, i]


@compiled(types.float64[::1](F64_2D))
def row_sums(values: Floats) -> Floats:
    """Sum of each row (n, k) -> (n,), left to right: the same whatever n is."""
    # Not np.sum: its pairwise order depends on the shape, so a lead alone would differ in its last bit.
    out = np.zeros(values.shape[0])
    for i in range(values.shape[0]):
        total = 0.0
        for j in range(values.shape[1]):
            total += values[i, j]
        out[i] = total
    return out
