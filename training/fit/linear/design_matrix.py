"""Regressors of a linear fit: dense columns, and category codes in place of columns of zeros and ones."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, I64_2D, compiled

Reals: TypeAlias = npt.NDArray[np.floating[Any]]  # in single or double precision


@dataclass(frozen=True)
class DesignMatrix:
    """n rows of m regressors: the columns (n, d), then `levels` more, which are 1 where a code names them, else 0.

    codes (n, c): of c categories, each with levels of its own, the level of each row, 0 to levels - 1. Held dense, the
    levels would be most of what a product reads.
    """

    columns: Floats
    codes: Ints
    levels: int

    @classmethod
    def of(cls, columns: Floats) -> "DesignMatrix":
        """Regressors (n, m) without categories."""
        return cls(np.ascontiguousarray(columns), np.zeros((len(columns), 0), dtype=np.int64), 0)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def width(self) -> int:
        """m, the number of regressors."""
        return int(self.columns.shape[1]) + self.levels

    def take(self, rows: slice) -> "DesignMatrix":
        """The rows of a slice."""
        return DesignMatrix(self.columns[rows], np.ascontiguousarray(self.codes[rows]), self.levels)

    def times(self, slopes: Floats) -> Floats:
        """The sums (n,) of each row's regressors times slopes (m,)."""
        d = self.columns.shape[1]
        out = self.columns @ slopes[:d]
        _add_levels(self.codes, np.ascontiguousarray(slopes[d:]), out)
        return out

    def sums(self, weight: Floats) -> Floats:
        """The sums (m,) of each regressor over the rows, times weight (n,)."""
        d = self.columns.shape[1]
        out = np.zeros(self.width)
        out[:d] = weight @ self.columns
        _sum_levels(self.codes, weight, out[d:])
        return out

    def write(self, scale: Reals, out: Reals) -> None:
        """Writes the regressors into out (n, m), each row times its scale (n,), in the precision of out."""
        d = self.columns.shape[1]
        np.multiply(self.columns, scale[:, None], out=out[:, :d], casting="same_kind")
        out[:, d:] = 0.0
        rows = np.arange(len(self))
        for codes in self.codes.T:
            out[rows, d + codes] = scale

    def dense(self) -> Floats:
        """The regressors (n, m)."""
        out = np.empty((len(self), self.width))
        self.write(np.ones(len(self)), out)
        return out


@compiled(types.void(I64_2D, F64, types.float64[::1]))
def _add_levels(codes: Ints, effects: Floats, out: Floats) -> None:
    for i in range(codes.shape[0]):
        total = 0.0
        for j in range(codes.shape[1]):
            total += effects[codes[i, j]]
        out[i] += total


@compiled(types.void(I64_2D, F64, types.float64[::1]))
def _sum_levels(codes: Ints, weight: Floats, out: Floats) -> None:
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            out[codes[i, j]] += weight[i]
