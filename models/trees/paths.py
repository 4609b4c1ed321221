"""The path to each leaf: its decisions, their features, and the share of training rows that agreed with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from history.base.arrays import Floats, Ints
from models.trees.lightgbm_text import TreeText


@dataclass(frozen=True, eq=False)
class Paths:
    """The paths of all leaves, as TreeSHAP needs them.

    Steps of leaf l are step_start[l]:step_start[l + 1]: a node of the ensemble, 1 if the path goes left there, and the
    slot of the node's feature. Slots of leaf l are slot_start[l]:slot_start[l + 1]: one a distinct feature, with the
    share of training rows that stay on the path if that feature is unknown.
    """

    step_start: Ints
    step_node: Ints
    step_left: Ints
    step_slot: Ints
    slot_start: Ints
    slot_feature: Ints
    slot_share: Floats


class _Decision(NamedTuple):
    """A decision on the way to a leaf: its node, 1 for left, and the share of the node's rows that went that way."""

    node: int
    left: int
    share: float


def paths_of(trees: Sequence[TreeText]) -> Paths:
    """The paths of all leaves in ensemble order."""
    nodes: list[int] = []
    lefts: list[int] = []
    slots: list[int] = []
    features: list[int] = []
    shares: list[float] = []
    step_start, slot_start = [0], [0]
    first_node = 0
    for tree in trees:
        for way in _ways(tree):
            # Slots of a leaf follow the order in which its features first appear: dicts keep it.
            share_of: dict[int, float] = {}
            slot_of: dict[int, int] = {}
            for decision in way:
                feature = int(tree.feature[decision.node])
                slots.append(slot_of.setdefault(feature, len(slot_of)))
                share_of[feature] = share_of.get(feature, 1.0) * decision.share
                nodes.append(first_node + decision.node)
                lefts.append(decision.left)
            features += share_of
            shares += share_of.values()
            step_start.append(len(nodes))
            slot_start.append(len(features))
        first_node += len(tree.feature)
    return Paths(
        step_start=np.array(step_start, dtype=np.int64),
        step_node=np.array(nodes, dtype=np.int64),
        step_left=np.array(lefts, dtype=np.int64),
        step_slot=np.array(slots, dtype=np.int64),
        slot_start=np.array(slot_start, dtype=np.int64),
        slot_feature=np.array(features, dtype=np.int64),
        slot_share=np.array(shares, dtype=np.float64),
    )


def mean_output(trees: Sequence[TreeText]) -> float:
    """The mean of the trees' sum over their training rows."""
    total = 0.0
    for tree in trees:
        count = tree.leaf_count.astype(np.float64)
        total += float((tree.leaf_value * count).sum() / max(count.sum(), 1.0))
    return total


def _ways(tree: TreeText) -> list[list[_Decision]]:
    """The decisions from the root to each leaf."""
    ways: list[list[_Decision]] = [[] for _ in tree.leaf_value]
    if not len(tree.feature):
        return ways
    waiting: list[tuple[int, list[_Decision]]] = [(0, [])]
    while waiting:
        node, way = waiting.pop()
        for child, left in ((int(tree.left[node]), 1), (int(tree.right[node]), 0)):
            rows = tree.node_count[child] if child >= 0 else tree.leaf_count[~child]
            further = [*way, _Decision(node, left, float(rows / tree.node_count[node]))]
            if child >= 0:
                waiting.append((child, further))
            else:
                ways[~child] = further
    return ways
