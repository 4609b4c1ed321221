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

from history.base.arrays import Floats, Ints
from models.trees.kernel import add_parts, add_row_parts, fill_tables
from models.trees.leaf_groups import LeafGroups
from models.trees.paths import Paths

FEW_ROWS = 8  # explained row by row


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
        """Adds the Shapley values of feature values (n, k) to out (n, k).

        Bitwise the same for a row alone and among many: few rows go through another kernel, which adds in the same
        order.
        """
        nodes, paths, groups = self.nodes, self.paths, self.groups
        add = add_parts if len(values) >= FEW_ROWS else add_row_parts
        add(
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
    fill_tables(
        leaf_value, paths.step_start, paths.step_slot, paths.slot_start, paths.slot_share,
        groups.condition_start, groups.column_start, groups.member_start, groups.member,
        groups.step_condition, groups.step_expected, groups.slot_place, start, points, weights, table,
    )  # fmt: skip
    return ShapleyTables(nodes, paths, leaf_value, groups, start, table, points, weights)
