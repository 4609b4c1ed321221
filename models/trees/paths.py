"""The path to each leaf: its decisions, their features, and the share of training rows that agreed with each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from history.arrays import Floats, Ints
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


def paths_of(trees: Sequence[TreeText]) -> tuple[Paths, float]:
    """The paths of all leaves in ensemble order, and the trees' mean output over their training rows."""
    steps: list[tuple[int, int, int]] = []
    slots: list[tuple[int, float]] = []
    step_start, slot_start = [0], [0]
    expected, first_node = 0.0, 0
    for tree in trees:
        for way in _ways(tree):
            own: dict[int, list[float]] = {}
            for node, left, share in way:
                feature = int(tree.feature[node])
                slot = list(own).index(feature) if feature in own else len(own)
                own.setdefault(feature, [1.0])[0] *= share
                steps.append((first_node + node, left, slot))
            slots += [(feature, share[0]) for feature, share in own.items()]
            step_start.append(len(steps))
            slot_start.append(len(slots))
        count = tree.leaf_count.astype(np.float64)
        expected += float((tree.leaf_value * count).sum() / max(count.sum(), 1.0))
        first_node += len(tree.feature)
    nodes, lefts, places = (np.ascontiguousarray(c) for c in np.array(steps, dtype=np.int64).reshape(-1, 3).T)
    return (
        Paths(
            np.array(step_start, dtype=np.int64),
            nodes,
            lefts,
            places,
            np.array(slot_start, dtype=np.int64),
            np.array([f for f, _ in slots], dtype=np.int64),
            np.array([s for _, s in slots], dtype=np.float64),
        ),
        expected,
    )


def _ways(tree: TreeText) -> list[list[tuple[int, int, float]]]:
    """For each leaf its decisions from the root: (node, 1 for left, share of the node's rows that went that way)."""
    ways: list[list[tuple[int, int, float]]] = [[] for _ in tree.leaf_value]
    if not len(tree.feature):
        return ways
    waiting: list[tuple[int, list[tuple[int, int, float]]]] = [(0, [])]
    while waiting:
        node, way = waiting.pop()
        for child, left in ((int(tree.left[node]), 1), (int(tree.right[node]), 0)):
            rows = tree.node_count[child] if child >= 0 else tree.leaf_count[~child]
            further = [*way, (node, left, float(rows / tree.node_count[node]))]
            if child >= 0:
                waiting.append((child, further))
            else:
                ways[~child] = further
    return ways
