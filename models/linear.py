"""An additive margin over feature columns: standardised signed logs of numbers, and an effect for each category."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, compiled

Flags = npt.NDArray[np.bool_]
FLAGS = types.Array(types.boolean, 1, "C", readonly=True)

# Standard deviations at which a number is clipped: an outlier must not outweigh all other columns.
MAX_SIGMA = 5.0

# Fields of a LinearModel in a bundle that are not float64.
_DTYPES = {"is_category": np.bool_, "start": np.int64, "width": np.int64}


@dataclass(frozen=True)
class LinearModel:
    """intercept + the sum of one effect a column, each of mean 0 over the training rows.

    is_category (k,): the kind of each column. The other arrays are (k,) too, but levels.
    Numbers: z = (signed_log(x) - mean) / scale, clipped to [low, high]; effect slope * z + shift, or `missing`.
    Categories: start and width index levels (sum of widths,), the effects by code; effect levels[start + code] for
    code < width, else that of code 1 (unseen).
    """

    intercept: float
    is_category: npt.NDArray[np.bool_]
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
        return row_sums(self.contributions(values)) + self.intercept

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        content = {}
        for name, value in vars(self).items():
            content[name] = value.tolist() if isinstance(value, np.ndarray) else value
        return content

    @classmethod
    def from_dict(cls, d: dict[str, Any]) -> "LinearModel":
        """The inverse of to_dict."""
        fields: dict[str, Any] = {}
        for name, value in d.items():
            if name == "intercept":
                fields[name] = value
            else:
                fields[name] = np.array(value, dtype=_DTYPES.get(name, np.float64))
        return cls(**fields)


def signed_log(values: Floats) -> Floats:
    """sign(x) log(1 + |x|), the scale on which counts, days and money are compared."""
    out = np.empty(values.shape)
    _signed_log(values.ravel(), out.ravel())
    return out


@compiled(types.void(F64, types.float64[::1]))
def _signed_log(values: Floats, out: Floats) -> None:
    for i in range(len(values)):
        x = values[i]
        # Counts are mostly 0, which is its own logarithm.
        out[i] = x if x == 0.0 else math.copysign(math.log1p(abs(x)), x)


@compiled(types.void(F64_2D, FLAGS, F64, F64, F64, F64, F64, F64, F64, I64, I64, F64, OUT))
def _effects(
    values: Floats, is_category: Flags, mean: Floats, scale: Floats, low: Floats, high: Floats, slope: Floats,
    shift: Floats, missing: Floats, start: Ints, width: Ints, levels: Floats, out: Floats,
) -> None:  # fmt: skip
    """Writes the effects (n, k) of values (n, k) into out."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            x = values[i, j]
            if is_category[j]:
                if width[j] == 0:
                    out[i, j] = 0.0
                    continue
                code = 0 if math.isnan(x) else int(x)
                if code < 0 or code >= width[j]:
                    code = min(1, width[j] - 1)
                out[i, j] = levels[start[j] + code]
            elif math.isnan(x):
                out[i, j] = missing[j]
            else:
                log = x if x == 0.0 else math.copysign(math.log1p(abs(x)), x)
                z = (log - mean[j]) / scale[j]
                # Constant beyond the training range: ages and counts outgrow what a young funnel has shown.
                z = min(max(z, low[j]), high[j])
                out[i, j] = slope[j] * z + shift[j]


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
