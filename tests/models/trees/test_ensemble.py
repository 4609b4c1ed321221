"""Trees read from LightGBM's text: LightGBM's own answers, and the definition of Shapley values, as references."""

import itertools
import math
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from history.base.arrays import Floats
from models.trees.ensemble import Trees, trees_from_text
from models.trees.lightgbm_text import TreeText, read_trees
from tests.builders.small_models import made_model, made_values, odd_values

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def trees(request: pytest.FixtureRequest) -> Trees:
    found = made_model(request.param, 600).trees
    assert found is not None
    return found


@pytest.fixture(scope="module")
def values() -> Floats:
    """Rows as training has them, and rows it never had: odd numbers, thresholds themselves, codes out of range."""
    plain = made_values(50, 300)
    edges = made_values(51, 40)
    edges[:, 5:] = np.arange(-2, 78, 1).reshape(40, 2)
    edges[::3, :5] = 0.0
    return np.vstack([plain, odd_values(), edges])


def test_sums_are_those_of_lightgbm_to_the_last_bit(trees: Trees, values: Floats) -> None:
    booster: Any = lgb.Booster(model_str=trees.text)
    expected = np.asarray(booster.predict(values, raw_score=True, num_threads=1), dtype=np.float64)
    assert trees.predict(values).tobytes() == expected.tobytes()


def test_a_value_on_a_threshold_goes_lightgbms_way(trees: Trees) -> None:
    """But at 1e-35, which LightGBM's door takes for 0 and no feature ever is."""
    is_number = ((trees.decision & 1) == 0) & (np.abs(trees.threshold) > 1e-30)
    number = np.flatnonzero(is_number).tolist()
    values = np.repeat(made_values(52, 1), 3 * len(number), axis=0)
    for row, node in enumerate(number):
        edge = trees.threshold[node]
        values[3 * row : 3 * row + 3, trees.feature[node]] = [
            np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf),
        ]  # fmt: skip
    booster: Any = lgb.Booster(model_str=trees.text)
    expected = np.asarray(booster.predict(values, raw_score=True, num_threads=1), dtype=np.float64)
    assert trees.predict(values).tobytes() == expected.tobytes()


def test_parts_are_those_of_lightgbm(trees: Trees, values: Floats) -> None:
    booster: Any = lgb.Booster(model_str=trees.text)
    expected = np.asarray(booster.predict(values, pred_contrib=True, num_threads=1), dtype=np.float64)
    np.testing.assert_allclose(trees.contributions(values), expected[:, :-1], rtol=0, atol=1e-10)
    assert trees.expected == pytest.approx(float(expected[0, -1]), abs=1e-10)


def test_parts_and_the_expected_add_up(trees: Trees, values: Floats) -> None:
    total = trees.contributions(values).sum(axis=1) + trees.expected
    np.testing.assert_allclose(total, trees.predict(values), rtol=0, atol=1e-10)


def conditional(tree: TreeText, node: int, known: frozenset[int], goes_left: list[bool]) -> float:
    """Mean of the tree under `node` where only the features of `known` are known."""
    if node < 0:
        return float(tree.leaf_value[~node])
    left, right = int(tree.left[node]), int(tree.right[node])
    if int(tree.feature[node]) in known:
        return conditional(tree, left if goes_left[node] else right, known, goes_left)
    rows = [tree.node_count[c] if c >= 0 else tree.leaf_count[~c] for c in (left, right)]
    parts = [conditional(tree, c, known, goes_left) for c in (left, right)]
    return float((rows[0] * parts[0] + rows[1] * parts[1]) / tree.node_count[node])


def shapley(tree: TreeText, goes_left: list[bool], k: int) -> Floats:
    """Shapley's sum over all subsets of the tree's features, as in his paper of 1953."""
    out = np.zeros(k)
    players = sorted(set(tree.feature.tolist()))
    n = len(players)
    for j in players:
        others = [p for p in players if p != j]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for subset in itertools.combinations(others, size):
                known = frozenset(subset)
                gain = conditional(tree, 0, known | {j}, goes_left) - conditional(tree, 0, known, goes_left)
                out[j] += weight * gain
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_parts_are_shapleys_sum_over_all_subsets(seed: int) -> None:
    """On numbers without gaps, where going left is a plain comparison."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(300, 4))
    target = values[:, 0] * values[:, 1] + np.abs(values[:, 2])
    settings = {"num_leaves": 7, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": seed}
    booster: Any = lgb.train(settings, lgb.Dataset(values, target), 3)
    text = booster.model_to_string()
    found = trees_from_text(text)
    _, parsed = read_trees(text)
    for row in values[:15]:
        expected = np.zeros(4)
        for tree in parsed:
            goes_left = [bool(row[f] <= t) for f, t in zip(tree.feature, tree.threshold, strict=True)]
            expected += shapley(tree, goes_left, 4)
        np.testing.assert_allclose(found.contributions(row[None, :])[0], expected, rtol=0, atol=1e-12)


def test_trees_without_a_split_are_constants() -> None:
    """Twenty rows teach LightGBM nothing: it writes trees of one leaf."""
    values = np.ascontiguousarray(made_values(60, 20)[:, :2])
    settings = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 50, "boost_from_average": False}
    booster: Any = lgb.train(settings, lgb.Dataset(values, np.ones(20)), 3)
    found = trees_from_text(booster.model_to_string())
    expected = np.asarray(booster.predict(values, raw_score=True), dtype=np.float64)
    assert found.predict(values).tobytes() == expected.tobytes()
    assert not found.contributions(values).any()
