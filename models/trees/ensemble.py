"""LightGBM trees as flat arrays: read from the model's text, evaluated and explained by compiled loops.

Equal to LightGBM's predict to the last bit and to its pred_contrib within rounding (tests hold both). The library is
not loaded: its reader crashes on damaged texts, and one call costs more than the whole score of a lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints
from models.trees.kernel import CATEGORICAL, add_leaves
from models.trees.leaf_groups import leaf_groups
from models.trees.lightgbm_text import TreeText, read_trees
from models.trees.paths import mean_output, paths_of
from models.trees.shapley import Nodes, ShapleyTables, shapley_tables


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees with their nodes and leaves concatenated.

    roots (trees,), left and right (nodes,): an index >= 0 is a node, ~i is leaf i. feature, threshold and decision
    (nodes,) are LightGBM's; the category codes that go left at a node are the set bits of bits[bits_start:bits_end],
    both (nodes,). leaf_value (leaves,).
    """

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


@dataclass(frozen=True, eq=False)
class Trees(Forest):
    """An ensemble over k feature columns; text is the model as LightGBM wrote it.

    names (k,) are the columns. expected: the mean output over the training rows.
    """

    text: str
    names: Sequence[str]
    expected: float

    def predict(self, values: Floats) -> Floats:
        """Sum of the trees' leaves (n,) for feature values (n, k)."""
        out = np.zeros((1, len(values)))
        self._alone.add_leaves(values, out)
        return out.reshape(-1)

    @cached_property
    def _alone(self) -> "TreeStack":
        return tree_stack([self])

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
        """Shapley values (n, k) of the sum around `expected`: path-dependent TreeSHAP (Lundberg et al. 2020)."""
        out = np.zeros((len(values), len(self.names)))
        self.tables.add_parts(values, out)
        return out


@dataclass(frozen=True, eq=False)
class TreeStack(Forest):
    """Ensembles over the same columns, evaluated in one call: each takes some microseconds of a request.

    The trees of ensemble e are start[e]:start[e + 1].
    """

    start: Ints

    def add_leaves(self, values: Floats, out: Floats) -> None:
        """Adds the sums of the trees' leaves for feature values (n, k) to out (ensembles, n)."""
        add_leaves(
            values, self.start, self.roots, self.feature, self.threshold, self.decision, self.left, self.right,
            self.bits_start, self.bits_end, self.bits, self.leaf_value, out,
        )  # fmt: skip


def tree_stack(ensembles: Sequence[Trees | None]) -> TreeStack:
    """The ensembles as one; None is one without a tree."""
    present = [trees for trees in ensembles if trees is not None]
    nodes = np.cumsum([0, *(len(trees.feature) for trees in present)])
    leaves = np.cumsum([0, *(len(trees.leaf_value) for trees in present)])
    bits = np.cumsum([0, *(len(trees.bits) for trees in present)])
    counts = [0 if trees is None else len(trees.roots) for trees in ensembles]
    return TreeStack(
        _moved([trees.roots for trees in present], nodes, leaves),
        _joined(present, "feature", np.int64),
        _joined(present, "threshold", np.float64),
        _joined(present, "decision", np.int64),
        _moved([trees.left for trees in present], nodes, leaves),
        _moved([trees.right for trees in present], nodes, leaves),
        _shifted([trees.bits_start for trees in present], bits),
        _shifted([trees.bits_end for trees in present], bits),
        _joined(present, "bits", np.uint32),
        _joined(present, "leaf_value", np.float64),
        start=np.array([0, *accumulate(counts)], dtype=np.int64),
    )


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
        np.array(roots, dtype=np.int64),
        _joined(parsed, "feature", np.int64),
        _joined(parsed, "threshold", np.float64),
        _joined(parsed, "decision", np.int64),
        _moved([t.left for t in parsed], node_start, leaf_start),
        _moved([t.right for t in parsed], node_start, leaf_start),
        *_set_ranges(parsed),
        _joined(parsed, "bits", np.uint32),
        _joined(parsed, "leaf_value", np.float64),
        text=text,
        names=names,
        expected=mean_output(parsed),
    )


def _joined(parsed: Sequence[TreeText | Trees], name: str, dtype: type) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *(np.asarray(getattr(t, name), dtype) for t in parsed)])


def _shifted(places: Sequence[Ints], start: Ints) -> Ints:
    """Places of each part, counted from the start of the whole."""
    shifted = [place + first for place, first in zip(places, start, strict=False)]
    return np.concatenate([np.zeros(0, np.int64), *shifted]).astype(np.int64)


def _moved(children: Sequence[Ints], node_start: Ints, leaf_start: Ints) -> Ints:
    """Roots or children of each part as indices into the whole."""
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
