"""Reads LightGBM's model text tree by tree, and refuses trees that could not be walked safely."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from history.base.arrays import Floats, Ints

# Far above any fit of ours; below them, a damaged text cannot ask for memory that the machine lacks.
MOST_LEAVES = 65_536
MOST_TREES = 10_000


@dataclass(frozen=True, eq=False)
class TreeText:
    """One tree of n inner nodes and n + 1 leaves, as LightGBM numbers them; the root is node 0.

    feature, threshold, decision, left, right and node_count are (n,), leaf_value and leaf_count (n + 1,). A child >= 0
    is a node, ~child is a leaf. A node that splits by category has the number of its set as threshold; set s is
    bits[bits_bounds[s]:bits_bounds[s + 1]], one bit a code.
    """

    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    leaf_value: Floats
    leaf_count: Ints
    node_count: Ints
    bits_bounds: Ints
    bits: npt.NDArray[np.uint32]


def read_trees(text: str) -> tuple[list[str], list[TreeText]]:
    """Feature names and trees; raises ValueError with the fault."""
    head, found, rest = text.partition("\nTree=")
    names = _fields(head).get("feature_names", "").split()
    if not text.startswith("tree\n") or not names:
        raise ValueError("not a LightGBM model text")
    if not found:
        return names, []
    body, end, _ = rest.partition("\nend of trees")
    if not end:
        raise ValueError("the model text ends before its trees do")
    blocks = body.split("\nTree=")
    if len(blocks) > MOST_TREES:
        raise ValueError(f"{len(blocks)} trees, at most {MOST_TREES}")
    return names, [_tree(i, _fields(block), len(names)) for i, block in enumerate(blocks)]


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(number: int, fields: dict[str, str], n_features: int) -> TreeText:
    def column(name: str, kind: Callable[[str], Any], dtype: type, length: int) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = np.array([kind(v) for v in fields.get(name, "").split()], dtype=dtype)
        if len(values) != length:
            raise ValueError(f"tree {number}: {name} has {len(values)} values, expected {length}")
        return values

    leaves = int(fields["num_leaves"])
    sets = int(fields["num_cat"])
    if not 1 <= leaves <= MOST_LEAVES or not 0 <= sets < leaves:
        raise ValueError(f"tree {number}: {leaves} leaves and {sets} sets of categories")
    if fields.get("is_linear", "0") != "0":
        raise ValueError(f"tree {number} is linear, which is not read")
    n = leaves - 1
    bounds = column("cat_boundaries", int, np.int64, sets + 1) if sets else np.zeros(1, np.int64)
    tree = TreeText(
        feature=column("split_feature", int, np.int64, n),
        threshold=column("threshold", float, np.float64, n),
        decision=column("decision_type", int, np.int64, n),
        left=column("left_child", int, np.int64, n),
        right=column("right_child", int, np.int64, n),
        leaf_value=column("leaf_value", float, np.float64, leaves),
        leaf_count=column("leaf_count", int, np.int64, leaves) if n else np.ones(1, np.int64),
        node_count=column("internal_count", int, np.int64, n),
        bits_bounds=bounds,
        bits=column("cat_threshold", int, np.uint32, int(bounds[-1])) if sets else np.zeros(0, np.uint32),
    )
    _check(number, tree, n_features, sets)
    return tree


def _check(number: int, tree: TreeText, n_features: int, sets: int) -> None:
    """Every index inside its range, every node and leaf the child of exactly one earlier node, all leaves finite."""
    n = len(tree.feature)
    children = np.concatenate([tree.left, tree.right])
    parents = np.tile(np.arange(n), 2)
    nodes, leaves = children[children >= 0], ~children[children < 0]
    is_set = (tree.decision & 1) > 0
    place = tree.threshold[is_set]
    is_each_reached_once = sorted(nodes) == list(range(1, n)) and sorted(leaves) == list(range(n + 1))
    # A child after its parent, each reached once: no walk can run in a circle or leave the arrays.
    faults = {
        "a feature out of range": ((tree.feature < 0) | (tree.feature >= n_features)).any(),
        "a child that is no later node": (nodes <= parents[children >= 0]).any() or (nodes >= n).any(),
        "nodes or leaves reached twice or never": n > 0 and not is_each_reached_once,
        "a leaf that is not a number": not np.isfinite(tree.leaf_value).all(),
        "a threshold that is not a number": np.isnan(tree.threshold).any(),
        "a set of categories out of range": ((place < 0) | (place >= max(sets, 1)) | (place % 1 != 0)).any(),
        "sets of categories out of order": (np.diff(tree.bits_bounds) < 0).any() or tree.bits_bounds[0] != 0,
        "a count below one": (tree.leaf_count < 0).any() or (tree.node_count < 1).any(),
    }
    for fault, found in faults.items():
        if found:
            raise ValueError(f"tree {number} has {fault}")
