"""LightGBM trees as flat arrays: read from the model's text, evaluated and explained by compiled loops.

Equal to LightGBM's predict to the last bit and to its pred_contrib within rounding (tests hold both). The library is
not loaded: its reader crashes on damaged texts, and one call costs more than the whole score of a lead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, compiled
from models.trees.leaf_groups import leaf_groups
from models.trees.lightgbm_text import TreeText, read_trees
from models.trees.paths import mean_output, paths_of
from models.trees.shapley import Nodes, ShapleyTables, shapley_tables

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_ZERO, MISSING_NAN = 1, 2
FEW_ROWS = 8  # explained row by row
ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold
U32 = types.Array(types.uint32, 1, "C", readonly=True)


@dataclass(frozen=True, eq=False)
class Trees:
    """An ensemble over k feature columns; text is the model as LightGBM wrote it.

    names (k,) are the columns. Nodes and leaves of all trees are concatenated. roots (trees,), left and right (nodes,):
    an index >= 0 is a node, ~i is leaf i. feature, threshold and decision (nodes,) are LightGBM's; the category codes
    that go left at a node are the set bits of bits[bits_start:bits_end], both (nodes,). leaf_value (leaves,).
    expected: the mean output over the training rows.
    """

    text: str
    names: Sequence[str]
    roots: Ints
    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    bits_start: Ints
    bits_end: Ints
    bits: npt.NDArray[np.uint32]
    leaf_value: Floats
    expected: float

    def predict(self, values: Floats) -> Floats:
        """Sum of the trees' leaves (n,) for feature values (n, k)."""
        out = np.zeros(len(values))
        _sum_leaves(
            values, self.roots, self.feature, self.threshold, self.decision, self.left, self.right, self.bits_start,
            self.bits_end, self.bits, self.leaf_value, out,
        )  # fmt: skip
        return out

    @cached_property
    def tables(self) -> ShapleyTables:
        """What Shapley values need; made on first use, since a score without reasons needs none.

        A service that explains scores reads it when it loads a model.
        """
        _, parsed = read_trees(self.text)
        paths = paths_of(parsed)
        nodes = Nodes(
            np.array([0, *accumulate(len(tree.feature) for tree in parsed)], dtype=np.int64),
            self.feature, self.threshold, self.decision, self.bits_start, self.bits_end, self.bits,
        )  # fmt: skip
        groups = leaf_groups([len(tree.leaf_value) for tree in parsed], paths)
        return shapley_tables(nodes, paths, self.leaf_value, groups)

    def contributions(self, values: Floats) -> Floats:
        """Shapley values (n, k) of the sum around `expected`: path-dependent TreeSHAP (Lundberg et al. 2020).

        Bitwise the same for a row alone and among many: few rows go through another kernel, which adds in the same
        order.
        """
        out = np.zeros((len(values), len(self.names)))
        if len(values) >= FEW_ROWS:
            self.tables.add_parts(values, out)
            return out
        t, p = self.tables, self.tables.paths
        g = t.groups
        _add_row_parts(
            values, t.nodes.start, self.feature, self.threshold, self.decision,
            self.bits_start, self.bits_end, self.bits,
            g.tree_start, g.condition_start, g.literal_start, g.literal_node, g.literal_left,
            g.column_start, g.column, t.start, t.table, g.direct_start, g.direct, self.leaf_value,
            p.step_start, p.step_node, p.step_left, p.step_slot, p.slot_start, p.slot_feature, p.slot_share,
            t.points, t.weights, out,
        )  # fmt: skip
        return out


def trees_from_text(text: str) -> Trees:
    """The ensemble of a LightGBM model text; raises ValueError if it is damaged."""
    names, parsed = read_trees(text)
    node_start = np.cumsum([0, *(len(t.feature) for t in parsed)])
    leaf_start = np.cumsum([0, *(len(t.leaf_value) for t in parsed)])
    roots = [
        int(n) if len(t.feature) else ~int(leaf)
        for n, leaf, t in zip(node_start, leaf_start, parsed, strict=False)
    ]
    return Trees(
        text,
        names,
        np.array(roots, dtype=np.int64),
        _joined(parsed, "feature", np.int64),
        _joined(parsed, "threshold", np.float64),
        _joined(parsed, "decision", np.int64),
        _moved([t.left for t in parsed], node_start, leaf_start),
        _moved([t.right for t in parsed], node_start, leaf_start),
        *_set_ranges(parsed),
        _joined(parsed, "bits", np.uint32),
        _joined(parsed, "leaf_value", np.float64),
        mean_output(parsed),
    )


def _joined(parsed: Sequence[TreeText], name: str, dtype: type) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *(np.asarray(getattr(t, name), dtype) for t in parsed)])


def _moved(children: Sequence[Ints], node_start: Ints, leaf_start: Ints) -> Ints:
    """Children of each tree as indices into the whole ensemble."""
    moved = []
    for child, node, leaf in zip(children, node_start, leaf_start, strict=False):
        moved.append(np.where(child >= 0, child + node, ~(~child + leaf)))
    return np.concatenate([np.zeros(0, np.int64), *moved]).astype(np.int64)


class _SetRanges(NamedTuple):
    """Start and end (nodes,) of each node's set of codes in the joined bits; empty for numeric nodes."""

    start: Ints
    end: Ints


def _set_ranges(parsed: Sequence[TreeText]) -> _SetRanges:
    """The ranges of all nodes, those of each tree moved behind the bits of the trees before it."""
    starts, ends = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    offset = 0
    for tree in parsed:
        is_set = (tree.decision & CATEGORICAL) > 0
        number = np.where(is_set, tree.threshold, 0).astype(np.int64)
        # A tree without sets has no bounds to look up; its nodes are numeric and the values unused.
        bounds = tree.bits_bounds if len(tree.bits_bounds) > 1 else np.zeros(2, np.int64)
        following = np.minimum(number + 1, len(bounds) - 1)
        starts.append(np.where(is_set, bounds[number] + offset, 0))
        ends.append(np.where(is_set, bounds[following] + offset, 0))
        offset += len(tree.bits)
    return _SetRanges(np.concatenate(starts).astype(np.int64), np.concatenate(ends).astype(np.int64))


@compiled(types.boolean(types.float64, types.float64, types.int64, types.int64, types.int64, U32))
def _goes_left(
    x: float, threshold: float, decision: int, begin: int, end: int, bits: npt.NDArray[np.uint32]
) -> bool:
    """One node's decision, as in LightGBM's tree.h (NumericalDecision and CategoricalDecision)."""
    if decision & CATEGORICAL:
        if math.isnan(x) or x < 0 or x >= 32 * (end - begin):
            return False
        code = int(x)
        return bool((bits[begin + code // 32] >> np.uint32(code % 32)) & np.uint32(1))
    missing = (decision >> 2) & 3
    if math.isnan(x) and missing != MISSING_NAN:
        x = 0.0
    if (missing == MISSING_ZERO and -ZERO <= x <= ZERO) or (missing == MISSING_NAN and math.isnan(x)):
        return bool(decision & DEFAULT_LEFT)
    return x <= threshold


@compiled(types.void(F64_2D, I64, I64, F64, I64, I64, I64, I64, I64, U32, F64, types.float64[::1]))
def _sum_leaves(
    values: Floats, roots: Ints, feature: Ints, threshold: Floats, decision: Ints, left: Ints, right: Ints,
    bits_start: Ints, bits_end: Ints, bits: npt.NDArray[np.uint32], leaf_value: Floats, out: Floats,
) -> None:  # fmt: skip
    for i in range(len(values)):
        total = 0.0
        for t in range(len(roots)):
            node = roots[t]
            while node >= 0:
                x = values[i, feature[node]]
                if _goes_left(x, threshold[node], decision[node], bits_start[node], bits_end[node], bits):
                    node = left[node]
                else:
                    node = right[node]
            total += leaf_value[~node]
        out[i] = total


@compiled(
    types.void(
        F64_2D, I64, I64, F64, I64, I64, I64, U32, I64, I64, I64, I64, I64, I64, I64, I64, F64, I64, I64, F64,
        I64, I64, I64, I64, I64, I64, F64, F64, F64, OUT,
    )
)  # fmt: skip
def _add_row_parts(  # noqa: C901 - loops of one kernel
    values: Floats, node_start: Ints, feature: Ints, threshold: Floats, decision: Ints, bits_start: Ints,
    bits_end: Ints, bits: npt.NDArray[np.uint32], tree_start: Ints, condition_start: Ints, literal_start: Ints,
    literal_node: Ints, literal_left: Ints, column_start: Ints, column: Ints, table_start: Ints, table: Floats,
    direct_start: Ints, direct: Ints, leaf_value: Floats, step_start: Ints, step_node: Ints, step_left: Ints,
    step_slot: Ints, slot_start: Ints, slot_feature: Ints, slot_share: Floats, points: Floats, weights: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """`ShapleyTables.add_parts` row by row: loops over blocks of rows cost a single one three times as much."""
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
