"""Compiled loops over the trees of an ensemble: their sums, and the Shapley values of rows and of blocks of rows.

One file, since kernels call functions of their own file only (history/base/compiled.py).
"""

import math

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, compiled

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_ZERO, MISSING_NAN = 1, 2
ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold
ROWS = 256  # of a block: each tree is applied to all of them while its tables are in the cache
Floats2D = npt.NDArray[np.float64]
Lefts = npt.NDArray[np.uint8]
U32 = types.Array(types.uint32, 1, "C", readonly=True)
_ADD_PARTS = types.void(
    F64_2D, I64, I64, F64, I64, I64, I64, U32, I64, I64, I64, I64, I64, I64, I64, I64, F64, I64, I64, F64,
    I64, I64, I64, I64, I64, I64, F64, F64, F64, OUT,
)  # fmt: skip


@compiled()
def _is_in_set(x: float, begin: int, end: int, bits: npt.NDArray[np.uint32]) -> bool:
    """LightGBM's CategoricalDecision of a code against the set of a node."""
    if math.isnan(x) or x < 0 or x >= 32 * (end - begin):
        return False
    code = int(x)
    return bool((bits[begin + code // 32] >> np.uint32(code % 32)) & np.uint32(1))


@compiled()
def _goes_left(
    x: float, threshold: float, decision: int, begin: int, end: int, bits: npt.NDArray[np.uint32]
) -> bool:
    """One node's decision, as in LightGBM's tree.h (NumericalDecision and CategoricalDecision)."""
    if decision & CATEGORICAL:
        return _is_in_set(x, begin, end, bits)
    missing = (decision >> 2) & 3
    if math.isnan(x) and missing != MISSING_NAN:
        x = 0.0
    if (missing == MISSING_ZERO and -ZERO <= x <= ZERO) or (missing == MISSING_NAN and math.isnan(x)):
        return bool(decision & DEFAULT_LEFT)
    return x <= threshold


@compiled(types.void(F64_2D, I64, I64, I64, F64, I64, I64, I64, I64, I64, U32, F64, OUT))
def add_leaves(
    values: Floats, start: Ints, roots: Ints, feature: Ints, threshold: Floats, decision: Ints, left: Ints,
    right: Ints, bits_start: Ints, bits_end: Ints, bits: npt.NDArray[np.uint32], leaf_value: Floats, out: Floats,
) -> None:  # fmt: skip
    """Adds the sum of the leaves of each ensemble for values (n, k) to out (ensembles, n).

    The trees of ensemble e are start[e]:start[e + 1]; the other arrays are those of `Trees`, of all ensembles.
    """
    for i in range(len(values)):
        for e in range(len(start) - 1):
            total = 0.0
            for t in range(start[e], start[e + 1]):
                node = roots[t]
                while node >= 0:
                    x = values[i, feature[node]]
                    if _goes_left(x, threshold[node], decision[node], bits_start[node], bits_end[node], bits):
                        node = left[node]
                    else:
                        node = right[node]
                total += leaf_value[~node]
            out[e, i] += total


@compiled()
def _integrate(
    value: float, slots: Floats, m: int, holds: Floats2D, points: Floats, weights: Floats,
    before: Floats2D, after: Floats, parts: Floats2D,
) -> None:  # fmt: skip
    """Writes the parts (d, m) of a leaf with shares `slots` (d,) for m rows, whose conditions hold (1) or not (0).

    before (d, m) and after (m,) are space for the products over the slots before and after one.
    """
    d = len(slots)
    parts[:d, :m] = 0.0
    for q in range(len(points)):
        x = points[q]
        after[:m] = value * weights[q]
        for s in range(d):
            unknown = (1.0 - x) * slots[s]
            for i in range(m):
                before[s, i] = after[i]
                after[i] *= unknown + x * holds[s, i]
        after[:m] = 1.0
        for s in range(d - 1, -1, -1):
            unknown = (1.0 - x) * slots[s]
            for i in range(m):
                parts[s, i] += before[s, i] * after[i]
                after[i] *= unknown + x * holds[s, i]
    for s in range(d):
        for i in range(m):
            parts[s, i] *= holds[s, i] - slots[s]


@compiled(
    types.void(F64, I64, I64, I64, F64, I64, I64, I64, I64, I64, I64, I64, I64, F64, F64, types.float64[::1])
)
def fill_tables(
    leaf_value: Floats, step_start: Ints, step_slot: Ints, slot_start: Ints, slot_share: Floats,
    condition_start: Ints, column_start: Ints, member_start: Ints, member: Ints,
    step_condition: Ints, step_expected: Ints, slot_place: Ints, start: Ints,
    points: Floats, weights: Floats, table: Floats,
) -> None:  # fmt: skip
    """Adds the parts of every group's leaves, with the patterns of its conditions as rows."""
    most_slots = most_patterns = 1
    for leaf in range(len(leaf_value)):
        most_slots = max(most_slots, slot_start[leaf + 1] - slot_start[leaf])
    for group in range(len(start)):
        most_patterns = max(most_patterns, 1 << (condition_start[group + 1] - condition_start[group]))
    shape = most_slots, most_patterns
    holds, parts, before, after = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(most_patterns)
    for group in range(len(start)):
        patterns = 1 << (condition_start[group + 1] - condition_start[group])
        width = column_start[group + 1] - column_start[group]
        for place in range(member_start[group], member_start[group + 1]):
            leaf = member[place]
            first, end = slot_start[leaf], slot_start[leaf + 1]
            holds[: end - first, :patterns] = 1.0
            for step in range(step_start[leaf], step_start[leaf + 1]):
                for pattern in range(patterns):
                    if ((pattern >> step_condition[step]) & 1) != step_expected[step]:
                        holds[step_slot[step], pattern] = 0.0
            shares = slot_share[first:end]
            _integrate(leaf_value[leaf], shares, patterns, holds, points, weights, before, after, parts)
            for s in range(end - first):
                column = start[group] + slot_place[first + s]
                for pattern in range(patterns):
                    table[column + pattern * width] += parts[s, pattern]


@compiled()
def _decide(x: Floats2D, j: int, edge: float, decision: int, m: int, left: Lefts, row: int) -> None:
    """Writes whether m rows of column j go left; LightGBM's NumericalDecision, one loop a kind of node."""
    missing, goes_left = (decision >> 2) & 3, (decision & DEFAULT_LEFT) != 0
    if missing == MISSING_NAN and goes_left:
        for i in range(m):
            left[row, i] = not (x[j, i] > edge)
    elif missing == MISSING_NAN:
        for i in range(m):
            left[row, i] = x[j, i] <= edge
    else:
        for i in range(m):
            number = 0.0 if np.isnan(x[j, i]) else x[j, i]
            is_default = missing == MISSING_ZERO and -ZERO <= number <= ZERO
            left[row, i] = goes_left if is_default else number <= edge


@compiled()
def _set_bit(
    pattern: Ints, bit: int, first: int, end: int, literal_node: Ints, literal_left: Ints, m: int, left: Lefts,
    first_node: int,
) -> None:  # fmt: skip
    """Sets a bit of the patterns (m,) of the rows for which all literals first:end hold."""
    if end - first == 1:
        row, expected = literal_node[first] - first_node, literal_left[first]
        for i in range(m):
            pattern[i] |= np.int64(left[row, i] == expected) << bit
        return
    for i in range(m):
        all_hold = True
        for literal in range(first, end):
            all_hold &= left[literal_node[literal] - first_node, i] == literal_left[literal]
        pattern[i] |= np.int64(all_hold) << bit


@compiled(_ADD_PARTS)
def add_parts(  # noqa: C901 - loops of one kernel
    values: Floats, node_start: Ints, feature: Ints, threshold: Floats, decision: Ints, bits_start: Ints,
    bits_end: Ints, bits: npt.NDArray[np.uint32], tree_start: Ints, condition_start: Ints, literal_start: Ints,
    literal_node: Ints, literal_left: Ints, column_start: Ints, column: Ints, table_start: Ints, table: Floats,
    direct_start: Ints, direct: Ints, leaf_value: Floats, step_start: Ints, step_node: Ints, step_left: Ints,
    step_slot: Ints, slot_start: Ints, slot_feature: Ints, slot_share: Floats, points: Floats, weights: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """Block by block, tree by tree, feature by feature: the innermost loops run over rows that lie side by side."""
    n, k = values.shape
    size = min(n, ROWS)
    most_nodes = most_slots = 1
    for t in range(len(node_start) - 1):
        most_nodes = max(most_nodes, node_start[t + 1] - node_start[t])
    for place in range(len(direct)):
        most_slots = max(most_slots, slot_start[direct[place] + 1] - slot_start[direct[place]])
    x, parts = np.empty((k, size)), np.empty((k, size))
    left = np.empty((most_nodes, size), dtype=np.uint8)
    pattern = np.empty(size, dtype=np.int64)
    holds, leaf_parts = np.empty((most_slots, size)), np.empty((most_slots, size))
    before, after = np.empty((most_slots, size)), np.empty(size)

    for begin in range(0, n, size):
        m = min(size, n - begin)
        for i in range(m):
            for j in range(k):
                x[j, i] = values[begin + i, j]
                parts[j, i] = out[begin + i, j]
        for t in range(len(node_start) - 1):
            first_node = node_start[t]
            for node in range(first_node, node_start[t + 1]):
                if decision[node] & CATEGORICAL:
                    for i in range(m):
                        left[node - first_node, i] = _is_in_set(
                            x[feature[node], i], bits_start[node], bits_end[node], bits
                        )
                else:
                    _decide(x, feature[node], threshold[node], decision[node], m, left, node - first_node)

            for group in range(tree_start[t], tree_start[t + 1]):
                pattern[:m] = 0
                first_condition = condition_start[group]
                for c in range(first_condition, condition_start[group + 1]):
                    first, end = literal_start[c], literal_start[c + 1]
                    _set_bit(
                        pattern,
                        c - first_condition,
                        first,
                        end,
                        literal_node,
                        literal_left,
                        m,
                        left,
                        first_node,
                    )
                width = column_start[group + 1] - column_start[group]
                for s in range(width):
                    j, start = column[column_start[group] + s], table_start[group] + s
                    for i in range(m):
                        parts[j, i] += table[start + pattern[i] * width]

            for place in range(direct_start[t], direct_start[t + 1]):
                leaf = direct[place]
                first, end = slot_start[leaf], slot_start[leaf + 1]
                holds[: end - first, :m] = 1.0
                for step in range(step_start[leaf], step_start[leaf + 1]):
                    row, expected, slot = step_node[step] - first_node, step_left[step], step_slot[step]
                    for i in range(m):
                        holds[slot, i] *= left[row, i] == expected
                shares = slot_share[first:end]
                _integrate(leaf_value[leaf], shares, m, holds, points, weights, before, after, leaf_parts)
                for s in range(end - first):
                    j = slot_feature[first + s]
                    for i in range(m):
                        parts[j, i] += leaf_parts[s, i]
        for i in range(m):
            for j in range(k):
                out[begin + i, j] = parts[j, i]


@compiled(_ADD_PARTS)
def add_row_parts(  # noqa: C901 - loops of one kernel
    values: Floats, node_start: Ints, feature: Ints, threshold: Floats, decision: Ints, bits_start: Ints,
    bits_end: Ints, bits: npt.NDArray[np.uint32], tree_start: Ints, condition_start: Ints, literal_start: Ints,
    literal_node: Ints, literal_left: Ints, column_start: Ints, column: Ints, table_start: Ints, table: Floats,
    direct_start: Ints, direct: Ints, leaf_value: Floats, step_start: Ints, step_node: Ints, step_left: Ints,
    step_slot: Ints, slot_start: Ints, slot_feature: Ints, slot_share: Floats, points: Floats, weights: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """`add_parts` row by row: loops over blocks of rows cost a single one three times as much."""
    left = np.empty(len(feature), dtype=np.int64)
    holds, before, parts = np.empty(out.shape[1]), np.empty(out.shape[1]), np.empty(out.shape[1])
    for i in range(len(values)):
        for t in range(len(node_start) - 1):
            for node in range(node_start[t], node_start[t + 1]):
                left[node] = _goes_left(
                    values[i, feature[node]],
                    threshold[node],
                    decision[node],
                    bits_start[node],
                    bits_end[node],
                    bits,
                )
            for group in range(tree_start[t], tree_start[t + 1]):
                pattern, first = 0, condition_start[group]
                for c in range(first, condition_start[group + 1]):
                    all_hold = True
                    for literal in range(literal_start[c], literal_start[c + 1]):
                        all_hold &= left[literal_node[literal]] == literal_left[literal]
                    pattern |= np.int64(all_hold) << (c - first)
                width = column_start[group + 1] - column_start[group]
                row = table_start[group] + pattern * width
                for s in range(width):
                    out[i, column[column_start[group] + s]] += table[row + s]
            for place in range(direct_start[t], direct_start[t + 1]):
                leaf = direct[place]
                first = slot_start[leaf]
                d = slot_start[leaf + 1] - first
                for s in range(d):
                    holds[s] = 1.0
                for step in range(step_start[leaf], step_start[leaf + 1]):
                    if left[step_node[step]] != step_left[step]:
                        holds[step_slot[step]] = 0.0
                for s in range(d):
                    parts[s] = 0.0
                for q in range(len(points)):
                    x, after = points[q], leaf_value[leaf] * weights[q]
                    for s in range(d):
                        before[s] = after
                        after *= (1.0 - x) * slot_share[first + s] + x * holds[s]
                    after = 1.0
                    for s in range(d - 1, -1, -1):
                        parts[s] += before[s] * after
                        after *= (1.0 - x) * slot_share[first + s] + x * holds[s]
                for s in range(d):
                    out[i, slot_feature[first + s]] += parts[s] * (holds[s] - slot_share[first + s])
