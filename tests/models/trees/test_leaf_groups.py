"""Groups of leaves: each leaf once, few conditions a group, tables within the limit, conditions that lead to leaves."""

import numpy as np
import pytest

from models.trees import leaf_groups as module
from models.trees.leaf_groups import LeafGroups, leaf_groups
from models.trees.lightgbm_text import TreeText, read_trees
from models.trees.paths import Paths, paths_of
from tests.builders.small_models import made_model


@pytest.fixture(scope="module")
def trees() -> list[TreeText]:
    model = made_model(4, 600).trees
    assert model is not None
    return read_trees(model.text)[1]


def grouped(trees: list[TreeText]) -> tuple[LeafGroups, Paths]:
    paths = paths_of(trees)
    return leaf_groups([len(tree.leaf_value) for tree in trees], paths), paths


def set_limits(patch: pytest.MonkeyPatch, conditions: int, numbers: int) -> None:
    patch.setattr(module, "MOST_CONDITIONS", conditions)
    patch.setattr(module, "LARGEST_TABLES", numbers)


@pytest.mark.parametrize(("conditions", "numbers"), [(8, 4_000_000), (2, 4_000_000), (3, 200), (1, 0)])
def test_each_leaf_is_in_one_group_or_none(
    trees: list[TreeText], monkeypatch: pytest.MonkeyPatch, conditions: int, numbers: int
) -> None:
    set_limits(monkeypatch, conditions, numbers)
    groups, paths = grouped(trees)
    has_split = np.diff(paths.step_start) > 0
    placed = np.sort(np.concatenate([groups.member, groups.direct]))
    assert placed.tolist() == np.flatnonzero(has_split).tolist()
    assert (np.diff(groups.condition_start) <= conditions).all()
    assert groups.sizes.sum() <= numbers


def test_step_of_a_path_is_a_literal_of_its_condition(
    trees: list[TreeText], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limits(monkeypatch, 2, 4_000_000)
    groups, paths = grouped(trees)
    for group in range(len(groups.sizes)):
        for leaf in groups.member[groups.member_start[group] : groups.member_start[group + 1]]:
            for step in range(paths.step_start[leaf], paths.step_start[leaf + 1]):
                condition = groups.condition_start[group] + groups.step_condition[step]
                first, end = groups.literal_start[condition], groups.literal_start[condition + 1]
                literals = dict(
                    zip(groups.literal_node[first:end], groups.literal_left[first:end], strict=True)
                )
                is_as_on_path = literals[paths.step_node[step]] == paths.step_left[step]
                assert is_as_on_path == bool(groups.step_expected[step])


def test_columns_of_a_group_are_the_features_of_its_leaves(trees: list[TreeText]) -> None:
    groups, paths = grouped(trees)
    for group in range(len(groups.sizes)):
        columns = groups.column[groups.column_start[group] : groups.column_start[group + 1]]
        features = set()
        for leaf in groups.member[groups.member_start[group] : groups.member_start[group + 1]]:
            slots = slice(paths.slot_start[leaf], paths.slot_start[leaf + 1])
            assert columns[groups.slot_place[slots]].tolist() == paths.slot_feature[slots].tolist()
            features |= set(paths.slot_feature[slots].tolist())
        assert sorted(columns.tolist()) == sorted(features)
