"""LightGBM trees as flat arrays: read from the model's text, evaluated and explained by compiled loops.

Equal to LightGBM's predict to the last bit and to its pred_contrib within rounding (tests hold both). The library is
not loaded: its reader crashes on damaged texts, and one call costs more than the whole score of a lead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Floats, Ints
from history.base.compiled import F64, F64_2D, I64, OUT, compiled
from models.trees.lightgbm_text import TreeText, read_trees
from models.trees.paths import Paths, paths_of

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_ZERO, MISSING_NAN = 1, 2
MOST_SLOTS = 15  # features on the path to a leaf; trees of at most 16 leaves rarely have more than 8
LARGEST_TABLES = 32_000_000  # numbers: 256 MB
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
    paths: Paths
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
    def tables(self) -> "ShapleyTables":
        """The tables of all leaves, filled on first use: a score without reasons needs none."""
        slots = np.diff(self.paths.slot_start)
        sizes = slots << slots  # d numbers for each of 2^d patterns
        ends = np.cumsum(sizes)
        start = ends - sizes
        table = np.empty(int(ends[-1]) if len(ends) else 0)
        _fill_tables(self.leaf_value, self.paths.slot_start, self.paths.slot_share, start, table)
        return ShapleyTables(start, table)

    def contributions(self, values: Floats) -> Floats:
        """Shapley values (n, k) of the sum around `expected`: path-dependent TreeSHAP (Lundberg et al. 2020).

        A leaf's values depend only on which conditions of its features hold, so they are looked up (Fast TreeSHAP v2,
        Yang 2021).
        """
        out = np.zeros((len(values), len(self.names)))
        p = self.paths
        _shapley(
            values, self.feature, self.threshold, self.decision, self.bits_start, self.bits_end, self.bits,
            p.step_start, p.step_node, p.step_left, p.step_slot, p.slot_start, p.slot_feature, *self.tables, out,
        )  # fmt: skip
        return out


class ShapleyTables(NamedTuple):
    """Start of each leaf's table (leaves,), and the tables one after the other."""

    start: Ints
    table: Floats


def trees_from_text(text: str) -> Trees:
    """The ensemble of a LightGBM model text; raises ValueError if it is damaged."""
    names, parsed = read_trees(text)
    node_start = np.cumsum([0, *(len(t.feature) for t in parsed)])
    leaf_start = np.cumsum([0, *(len(t.leaf_value) for t in parsed)])
    roots = [
        int(n) if len(t.feature) else ~int(leaf)
        for n, leaf, t in zip(node_start, leaf_start, parsed, strict=False)
    ]
    paths, expected = paths_of(parsed)
    slots = np.diff(paths.slot_start)
    if len(slots) and (slots.max() > MOST_SLOTS or int((slots << slots).sum()) > LARGEST_TABLES):
        raise ValueError(f"a leaf depends on {slots.max()} features, at most {MOST_SLOTS} can be explained")
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
        paths,
        expected,
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


@compiled(types.void(types.float64[::1], types.int64, types.float64, types.float64))
def _extend(weight: Floats, depth: int, zero: float, one: float) -> None:
    """Adds a feature to the path: weight[j] belongs to the subsets of j present features."""
    weight[depth] = 0.0
    for j in range(depth - 1, -1, -1):
        weight[j + 1] += one * weight[j] * (j + 1) / (depth + 1)
        weight[j] = zero * weight[j] * (depth - j) / (depth + 1)


@compiled(types.float64(types.float64[::1], types.int64, types.float64, types.float64))
def _unwound(weight: Floats, depth: int, zero: float, one: float) -> float:
    """Sum of the weights without one of the features."""
    following = weight[depth]
    total = 0.0
    for j in range(depth - 1, -1, -1):
        if one != 0.0:
            part = following * (depth + 1) / ((j + 1) * one)
            total += part
            following = weight[j] - part * zero * (depth - j) / (depth + 1)
        elif zero != 0.0:
            total += weight[j] / zero / ((depth - j) / (depth + 1))
    return total


@compiled(types.void(F64, I64, F64, I64, types.float64[::1]))
def _fill_tables(
    leaf_value: Floats, slot_start: Ints, slot_share: Floats, table_start: Ints, table: Floats
) -> None:
    """The values of every leaf for each pattern of true conditions (bit s = slot s), pattern after pattern."""
    weight = np.empty(MOST_SLOTS + 1, dtype=np.float64)
    for leaf in range(len(leaf_value)):
        first = slot_start[leaf]
        d = slot_start[leaf + 1] - first
        for pattern in range(1 << d):
            weight[0] = 1.0
            for s in range(d):
                _extend(weight, s + 1, slot_share[first + s], float((pattern >> s) & 1))
            for s in range(d):
                share, holds = slot_share[first + s], float((pattern >> s) & 1)
                part = _unwound(weight, d, share, holds) * (holds - share)
                table[table_start[leaf] + pattern * d + s] = part * leaf_value[leaf]


@compiled(types.void(F64_2D, I64, F64, I64, I64, I64, U32, I64, I64, I64, I64, I64, I64, I64, F64, OUT))
def _shapley(
    values: Floats, feature: Ints, threshold: Floats, decision: Ints, bits_start: Ints, bits_end: Ints,
    bits: npt.NDArray[np.uint32], step_start: Ints, step_node: Ints, step_left: Ints, step_slot: Ints,
    slot_start: Ints, slot_feature: Ints, table_start: Ints, table: Floats, out: Floats,
) -> None:  # fmt: skip
    goes = np.empty(len(feature), dtype=np.int64)
    for i in range(len(values)):
        for node in range(len(feature)):
            x = values[i, feature[node]]
            goes[node] = _goes_left(
                x, threshold[node], decision[node], bits_start[node], bits_end[node], bits
            )
        for leaf in range(len(table_start)):
            first = slot_start[leaf]
            d = slot_start[leaf + 1] - first
            pattern = (1 << d) - 1
            for step in range(step_start[leaf], step_start[leaf + 1]):
                if goes[step_node[step]] != step_left[step]:
                    pattern &= ~(1 << step_slot[step])
            place = table_start[leaf] + pattern * d
            for s in range(d):
                out[i, slot_feature[first + s]] += table[place + s]
