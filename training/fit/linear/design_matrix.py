"""Regressors of a linear fit: dense columns, and category codes in place of columns of zeros and ones."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64_2D, OUT, compiled

BLOCK = 4096  # rows of the columns that `gram` weighs at a time


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
        columns, codes = np.ascontiguousarray(self.columns[rows]), np.ascontiguousarray(self.codes[rows])
        return DesignMatrix(columns, codes, self.levels)

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

    def gram(self, weight: Floats, precision: type[np.floating[Any]] = np.float64) -> Floats:
        """The sums (m, m) over the rows of products of two regressors, times weight (n,) of at least 0.

        What lies above the diagonal is not to be read. precision: in which columns are multiplied with columns. Levels
        are added up by their codes, in double precision: dense, they would be most of the work.
        """
        d = self.columns.shape[1]
        out = np.zeros((self.width, self.width))
        root = np.sqrt(weight).astype(precision)
        for start in range(0, len(self), BLOCK):
            rows = slice(start, start + BLOCK)
            scaled = self.columns[rows].astype(precision, copy=False) * root[rows, None]
            out[:d, :d] += scaled.T @ scaled
        _add_level_products(self.columns, self.codes, weight, out)
        return out

    def dense(self) -> Floats:
        """The regressors (n, m)."""
        d = self.columns.shape[1]
        out = np.zeros((len(self), self.width))
        out[:, :d] = self.columns
        rows = np.arange(len(self))
        for codes in self.codes.T:
            out[rows, d + codes] = 1.0
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


@compiled(types.void(F64_2D, I64_2D, F64, OUT))
def _add_level_products(columns: Floats, codes: Ints, weight: Floats, out: Floats) -> None:
    """Adds the products of each row's levels with its columns and its levels to the lower triangle of out (m, m)."""
    d = columns.shape[1]
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            level = d + codes[i, j]
            for column in range(d):
                out[level, column] += weight[i] * columns[i, column]
            for other in range(j + 1):
                out[level, d + codes[i, other]] += weight[i]
