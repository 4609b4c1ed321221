"""Paths to leaves: their decisions lead there, and the shares of rows on them add up to one tree."""

from pathlib import Path

import numpy as np
import pytest

from models.trees.lightgbm_text import TreeText, read_trees
from models.trees.paths import mean_output, paths_of
from tests.builders.small_models import made_model

TWO_TREES = Path(__file__).parents[2] / "golden" / "two_trees.txt"


@pytest.fixture(scope="module", params=["two trees", "a fit"])
def trees(request: pytest.FixtureRequest) -> list[TreeText]:
    if request.param == "two trees":
        return read_trees(TWO_TREES.read_text(encoding="utf-8"))[1]
    model = made_model(1).trees
    assert model is not None
    return read_trees(model.text)[1]


def test_decisions_of_a_path_lead_to_its_leaf(trees: list[TreeText]) -> None:
    paths = paths_of(trees)
    leaf = first_node = 0
    for tree in trees:
        for own_leaf in range(len(tree.leaf_value)):
            at = 0
            for step in range(paths.step_start[leaf], paths.step_start[leaf + 1]):
                assert paths.step_node[step] == first_node + at
                at = int((tree.left if paths.step_left[step] else tree.right)[at])
            assert ~at == own_leaf
            leaf += 1
        first_node += len(tree.feature)
    assert leaf == len(paths.step_start) - 1


def test_shares_along_a_path_multiply_to_the_leafs_share_of_rows(trees: list[TreeText]) -> None:
    paths = paths_of(trees)
    leaf = 0
    for tree in trees:
        for count in (tree.leaf_count / tree.leaf_count.sum()).tolist():
            shares = paths.slot_share[paths.slot_start[leaf] : paths.slot_start[leaf + 1]]
            assert shares.prod() == pytest.approx(count)
            leaf += 1


def test_slots_of_a_leaf_are_its_distinct_features(trees: list[TreeText]) -> None:
    paths = paths_of(trees)
    features = np.concatenate([tree.feature for tree in trees])
    for leaf in range(len(paths.step_start) - 1):
        slots = paths.slot_feature[paths.slot_start[leaf] : paths.slot_start[leaf + 1]]
        assert len(set(slots.tolist())) == len(slots)
        for step in range(paths.step_start[leaf], paths.step_start[leaf + 1]):
            assert slots[paths.step_slot[step]] == features[paths.step_node[step]]


def test_expected_output_is_the_mean_over_training_rows() -> None:
    _, trees = read_trees(TWO_TREES.read_text(encoding="utf-8"))
    assert mean_output(trees) == pytest.approx((0.5 * 40 - 40 + 0.25 * 20) / 100 + (2 * 25 - 0.5 * 75) / 100)
