"""Exact Shapley values of tree ensembles: path-dependent TreeSHAP (Lundberg et al. 2020).

The game of a leaf is a product. Over the features on its path, a known one counts h = 1 if its conditions hold and 0 if
not, an unknown one the share z of training rows that stay on the path. The part of feature s is therefore

    leaf value * (h_s - z_s) * integral over x from 0 to 1 of the product over t != s of x h_t + (1 - x) z_t,

a polynomial in x, which Gauss-Legendre quadrature with half as many points as features integrates exactly. The parts
depend only on which conditions hold: neighbouring leaves share a table with a row for each pattern of their conditions
(Fast TreeSHAP v2, Yang 2021). Leaves with too many conditions for a table are integrated row by row.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, compiled
from models.trees.leaf_groups import LeafGroups
from models.trees.paths import Paths

ROWS = 256  # of a block: each tree is applied to all of them while its tables are in the cache
Floats2D = npt.NDArray[np.float64]
Lefts = npt.NDArray[np.uint8]
_U32 = types.Array(types.uint32, 1, "C", readonly=True)
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_ZERO, _MISSING_NAN = 1, 2
_ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold


@dataclass(frozen=True)
class Nodes:
    """Inner nodes of all trees as in `Trees`; those of tree t are start[t]:start[t + 1]."""

    start: Ints
    feature: Ints
    threshold: Floats
    decision: Ints
    bits_start: Ints
    bits_end: Ints
    bits: npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class ShapleyTables:
    """All that Shapley values of an ensemble need beside a row: its groups of leaves, and the table of each group.

    The parts of group g's columns for a pattern are table[start[g] + pattern * width : ... + width], width columns.
    points and weights (q,): of the quadrature between 0 and 1.
    """

    nodes: Nodes
    paths: Paths
    leaf_value: Floats
    groups: LeafGroups
    start: Ints
    table: Floats
    points: Floats
    weights: Floats

    def add_parts(self, values: Floats, out: Floats) -> None:
        """Adds the Shapley values of feature values (n, k) to out (n, k); bitwise the same for a row alone."""
        nodes, paths, groups = self.nodes, self.paths, self.groups
        _add_parts(
            values, nodes.start, nodes.feature, nodes.threshold, nodes.decision,
            nodes.bits_start, nodes.bits_end, nodes.bits,
            groups.tree_start, groups.condition_start, groups.literal_start, groups.literal_node, groups.literal_left,
            groups.column_start, groups.column, self.start, self.table,
            groups.direct_start, groups.direct, self.leaf_value,
            paths.step_start, paths.step_node, paths.step_left, paths.step_slot,
            paths.slot_start, paths.slot_feature, paths.slot_share, self.points, self.weights, out,
        )  # fmt: skip


def shapley_tables(nodes: Nodes, paths: Paths, leaf_value: Floats, groups: LeafGroups) -> ShapleyTables:
    """Fills the table of every group."""
    most = int(np.diff(paths.slot_start).max(initial=1))
    points, weights = np.polynomial.legendre.leggauss((most + 1) // 2)
    points, weights = (points + 1) / 2, weights / 2
    table = np.zeros(int(groups.sizes.sum()))
    start = np.concatenate(([0], np.cumsum(groups.sizes)))[:-1].astype(np.int64)
    _fill_tables(
        leaf_value, paths.step_start, paths.step_slot, paths.slot_start, paths.slot_share,
        groups.condition_start, groups.column_start, groups.member_start, groups.member,
        groups.step_condition, groups.step_expected, groups.slot_place, start, points, weights, table,
    )  # fmt: skip
    return ShapleyTables(nodes, paths, leaf_value, groups, start, table, points, weights)


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
def _fill_tables(
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
def _is_in_set(x: float, begin: int, end: int, bits: npt.NDArray[np.uint32]) -> bool:
    """LightGBM's CategoricalDecision, as in models/trees/ensemble.py: kernels call functions of their own file."""
    if np.isnan(x) or x < 0 or x >= 32 * (end - begin):
        return False
    code = int(x)
    return bool((bits[begin + code // 32] >> np.uint32(code % 32)) & np.uint32(1))


@compiled()
def _decide(x: Floats2D, j: int, edge: float, decision: int, m: int, left: Lefts, row: int) -> None:
    """Writes whether m rows of column j go left; LightGBM's NumericalDecision, one loop a kind of node."""
    missing, goes_left = (decision >> 2) & 3, (decision & _DEFAULT_LEFT) != 0
    if missing == _MISSING_NAN and goes_left:
        for i in range(m):
            left[row, i] = not (x[j, i] > edge)
    elif missing == _MISSING_NAN:
        for i in range(m):
            left[row, i] = x[j, i] <= edge
    else:
        for i in range(m):
            number = 0.0 if np.isnan(x[j, i]) else x[j, i]
            is_default = missing == _MISSING_ZERO and -_ZERO <= number <= _ZERO
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


@compiled(
    types.void(
        F64_2D, I64, I64, F64, I64, I64, I64, _U32, I64, I64, I64, I64, I64, I64, I64, I64, F64, I64, I64, F64,
        I64, I64, I64, I64, I64, I64, F64, F64, F64, OUT,
    )
)  # fmt: skip
def _add_parts(  # noqa: C901 - loops of one kernel
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
                if decision[node] & _CATEGORICAL:
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
