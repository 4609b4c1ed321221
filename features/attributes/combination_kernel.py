"""The compiled lookups of combinations: how much oftener two categories win together than each alone suggests.

Figures of a category or of a combination are rows (its snapshots) and wins (those won within the horizon). Each of the
two categories has a win rate shrunk to that of all rows, and their log-odds add up to those expected of both. The rate
of the combination is shrunk to this expectation, and its odds are divided by the expected odds: 1 without any row.
"""

import math

import numpy as np
from numba import types

from history.base.arrays import Codes, Floats, Ints, Mask
from history.base.compiled import FLAGS, I32_2D, I64, OUT, compiled

_LEAST, _MOST = 1e-4, 1 - 1e-4  # of a rate


@compiled()
def _log_odds(rate: float) -> float:
    rate = min(max(rate, _LEAST), _MOST)
    return math.log(rate / (1 - rate))


@compiled()
def _odds_ratio(
    base: float, rows_1: int, wins_1: int, rows_2: int, wins_2: int, rows_both: int, wins_both: int,
    shrinkage: float,
) -> float:  # fmt: skip
    """The odds of the combination divided by those expected; base: the win rate of all rows."""
    expected = (
        _log_odds((wins_1 + shrinkage * base) / (rows_1 + shrinkage))
        + _log_odds((wins_2 + shrinkage * base) / (rows_2 + shrinkage))
        - _log_odds(base)
    )
    prior = min(max(1 / (1 + math.exp(-expected)), _LEAST), _MOST)
    rate = (wins_both + shrinkage * prior) / (rows_both + shrinkage)
    return math.exp(_log_odds(rate) - _log_odds(prior))


@compiled(
    types.void(
        OUT, types.int64, I32_2D, I64, I64, I64, types.int64, I64, types.int64, I64, I64, types.float64
    )
)
def combination_rows(
    out: Floats, at: int, valid: Codes, first: Ints, second: Ints, cell: Ints, base: int,
    keys: Ints, key_base: int, rows: Ints, wins: Ints, shrinkage: float,
) -> None:  # fmt: skip
    """Writes the columns of c combinations into out (n, k) from column `at`, by figures that hold at any instant.

    valid (n, m): the entry of each attribute, -1 for none; first and second (c,): the attributes of a combination.
    cell (entries,): the figures of an entry's category, -1 for an unknown one; base: those of all rows. The figures of
    the combination of cells i and j are behind those of the categories, in the order of its key i * key_base + j among
    the sorted keys. NaN if an attribute has no value or there are no rows at all.
    """
    for i in range(len(valid)):
        for c in range(len(first)):
            out[i, at + c] = np.nan
            one, other = valid[i, first[c]], valid[i, second[c]]
            if one < 0 or other < 0 or rows[base] == 0:
                continue
            a, b = cell[one], cell[other]
            both = -1
            if a >= 0 and b >= 0:
                key = a * key_base + b
                position = np.searchsorted(keys, key)
                if position < len(keys) and keys[position] == key:
                    both = base + 1 + position
            out[i, at + c] = _odds_ratio(
                wins[base] / rows[base],
                rows[a] if a >= 0 else 0, wins[a] if a >= 0 else 0,
                rows[b] if b >= 0 else 0, wins[b] if b >= 0 else 0,
                rows[both] if both >= 0 else 0, wins[both] if both >= 0 else 0,
                shrinkage,
            )  # fmt: skip


@compiled(
    types.void(
        *(types.float64[::1], I64, I64, I64, I64, types.int64, types.int64),
        *(I64, I64, FLAGS, types.float64),
    )
)
def past_combination(
    out: Floats, order: Ints, as_of: Ints, first: Ints, second: Ints, n_first: int, n_second: int,
    known_us: Ints, row: Ints, is_win: Mask, shrinkage: float,
) -> None:  # fmt: skip
    """Writes the column (n,) of one combination, each row by what was known at its own instant.

    first and second (n,): categories of the rows, below n_first and n_second, -1 for none; order (n,): rows by as_of
    (n,). Happenings (h,) in order of time: from known_us on, `row` counts, or counts as won if is_win.
    """
    # Rows, then wins, of each category, of each combination and in all.
    of_first, of_second = np.zeros((2, n_first), np.int64), np.zeros((2, n_second), np.int64)
    of_both, of_all = np.zeros((2, n_first * n_second), np.int64), np.zeros(2, np.int64)
    h = 0
    for i in order:
        while h < len(known_us) and known_us[h] <= as_of[i]:
            a, b, what = first[row[h]], second[row[h]], int(is_win[h])
            of_all[what] += 1
            if a >= 0:
                of_first[what, a] += 1
            if b >= 0:
                of_second[what, b] += 1
            if a >= 0 and b >= 0:
                of_both[what, a * n_second + b] += 1
            h += 1
        a, b = first[i], second[i]
        if a < 0 or b < 0 or of_all[0] == 0:
            out[i] = np.nan
            continue
        both = a * n_second + b
        out[i] = _odds_ratio(
            of_all[1] / of_all[0], of_first[0, a], of_first[1, a], of_second[0, b], of_second[1, b],
            of_both[0, both], of_both[1, both], shrinkage,
        )  # fmt: skip
