"""Groups of neighbouring leaves with few conditions in all, whose Shapley values fit one small table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from history.base.arrays import Ints
from models.trees.paths import Paths

MOST_CONDITIONS = 8  # of a group: a table of 2^8 rows of about 8 numbers fits a core's first cache
LARGEST_TABLES = 4_000_000  # numbers of an ensemble, 32 MB; leaves beyond them have no table


class Literal(NamedTuple):
    """A row goes left (1) or right (0) at a node of the ensemble."""

    node: int
    left: int


@dataclass(frozen=True, eq=False)
class LeafGroups:
    """Groups of leaves, and the leaves without one, of all trees; "a_start" gives a's rows of each as start and end.

    Groups of tree t are tree_start[t]:tree_start[t + 1]. Group g has conditions condition_start[g]:..., columns
    column_start[g]:... of the feature matrix, and leaves member_start[g]:... of `member`. Condition c holds if all of
    its literals literal_start[c]:... do: a row goes left (literal_left 1) or right (0) at literal_node.
    step_condition and step_expected (steps,): the condition within its group, and its truth, that a step of a path
    needs. slot_place (slots,): position of a slot's feature among its group's columns. sizes (groups,): numbers of each
    table, 2^conditions times columns. Leaves of tree t without a group are direct_start[t]:... of `direct`.
    """

    tree_start: Ints
    condition_start: Ints
    literal_start: Ints
    literal_node: Ints
    literal_left: Ints
    column_start: Ints
    column: Ints
    member_start: Ints
    member: Ints
    step_condition: Ints
    step_expected: Ints
    slot_place: Ints
    direct_start: Ints
    direct: Ints

    @property
    def sizes(self) -> Ints:
        sizes = np.diff(self.column_start) << np.diff(self.condition_start)
        return sizes.astype(np.int64)


@dataclass
class _Group:
    """A group in the making: condition of each node that its leaves pass, or the slots of a single leaf."""

    conditions: list[list[Literal]] = field(default_factory=list)
    of_node: dict[int, int] = field(default_factory=dict)
    columns: dict[int, int] = field(default_factory=dict)
    members: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.columns) << len(self.conditions)


@dataclass(frozen=True)
class _Leaf:
    """A leaf's number in the ensemble, its steps and slots as positions in the paths, and its nodes."""

    number: int
    steps: range
    slots: range
    nodes: tuple[int, ...]


def leaf_groups(leaf_counts: Sequence[int], paths: Paths) -> LeafGroups:
    """Groups the leaves of every tree, in the order of a walk from the root; leaf_counts (trees,)."""
    return _Grouping(paths).groups_of(leaf_counts)


class _Grouping:
    """Collects groups tree by tree."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.groups: list[_Group] = []
        self.direct: list[int] = []
        self.numbers = 0  # in all tables so far
        self.step_condition = np.zeros(len(paths.step_node), dtype=np.int64)
        self.step_expected = paths.step_left.copy()
        self.slot_place = np.zeros(len(paths.slot_feature), dtype=np.int64)

    def groups_of(self, leaf_counts: Sequence[int]) -> LeafGroups:
        tree_start, direct_start, leaf = [0], [0], 0
        for count in leaf_counts:
            self._add_tree(range(leaf, leaf + count))
            leaf += count
            tree_start.append(len(self.groups))
            direct_start.append(len(self.direct))
        conditions = [condition for group in self.groups for condition in group.conditions]
        literals = [literal for condition in conditions for literal in condition]
        return LeafGroups(
            tree_start=np.array(tree_start, dtype=np.int64),
            condition_start=_starts([len(group.conditions) for group in self.groups]),
            literal_start=_starts([len(condition) for condition in conditions]),
            literal_node=np.array([literal.node for literal in literals], dtype=np.int64),
            literal_left=np.array([literal.left for literal in literals], dtype=np.int64),
            column_start=_starts([len(group.columns) for group in self.groups]),
            column=np.array([column for group in self.groups for column in group.columns], dtype=np.int64),
            member_start=_starts([len(group.members) for group in self.groups]),
            member=np.array([leaf for group in self.groups for leaf in group.members], dtype=np.int64),
            step_condition=self.step_condition,
            step_expected=self.step_expected,
            slot_place=self.slot_place,
            direct_start=np.array(direct_start, dtype=np.int64),
            direct=np.array(self.direct, dtype=np.int64),
        )

    def _add_tree(self, leaves: range) -> None:
        group = _Group()
        # Sorted paths follow a walk from the root: neighbours share most of their nodes.
        for leaf in sorted(map(self._leaf, leaves), key=self._way):
            if not leaf.nodes:
                continue  # a tree without a split is a constant
            if len(leaf.nodes) > MOST_CONDITIONS:
                self._add_alone(leaf)
                continue
            if len(group.of_node.keys() | set(leaf.nodes)) > MOST_CONDITIONS:
                self._close(group)
                group = _Group()
            self._join(group, leaf)
        self._close(group)

    def _leaf(self, number: int) -> _Leaf:
        paths = self.paths
        steps = range(paths.step_start[number], paths.step_start[number + 1])
        slots = range(paths.slot_start[number], paths.slot_start[number + 1])
        return _Leaf(number, steps, slots, tuple(paths.step_node[steps.start : steps.stop].tolist()))

    def _way(self, leaf: _Leaf) -> list[tuple[int, int]]:
        lefts = self.paths.step_left[leaf.steps.start : leaf.steps.stop].tolist()
        return list(zip(leaf.nodes, lefts, strict=True))

    def _join(self, group: _Group, leaf: _Leaf) -> None:
        """Adds a leaf whose steps are conditions of the group: bit c of a pattern is "goes left at its node"."""
        for step, node in zip(leaf.steps, leaf.nodes, strict=True):
            if node not in group.of_node:
                group.of_node[node] = len(group.conditions)
                group.conditions.append([Literal(node, 1)])
            self.step_condition[step] = group.of_node[node]
        self._add_columns(group, leaf)

    def _add_alone(self, leaf: _Leaf) -> None:
        """A group for a leaf on a long path, with a condition for each of its features; no group if they are many."""
        if len(leaf.slots) > MOST_CONDITIONS:
            self.direct.append(leaf.number)
            return
        group = _Group(conditions=[[] for _ in leaf.slots])
        for step, node in zip(leaf.steps, leaf.nodes, strict=True):
            slot = int(self.paths.step_slot[step])
            group.conditions[slot].append(Literal(node, int(self.paths.step_left[step])))
            self.step_condition[step], self.step_expected[step] = slot, 1
        self._add_columns(group, leaf)
        self._close(group)

    def _add_columns(self, group: _Group, leaf: _Leaf) -> None:
        for slot in leaf.slots:
            column = int(self.paths.slot_feature[slot])
            self.slot_place[slot] = group.columns.setdefault(column, len(group.columns))
        group.members.append(leaf.number)

    def _close(self, group: _Group) -> None:
        """Keeps the group, or its leaves without a table if the tables of the ensemble are full."""
        if not group.members:
            return
        if self.numbers + group.size > LARGEST_TABLES:
            self.direct += group.members
            return
        self.numbers += group.size
        self.groups.append(group)


def _starts(lengths: Sequence[int]) -> Ints:
    """Starts (n + 1,) of ranges of these lengths, one after the other."""
    return np.concatenate(([0], np.cumsum(np.array(lengths, dtype=np.int64)))).astype(np.int64)
