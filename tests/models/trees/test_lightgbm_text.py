"""LightGBM's text: whatever is damaged is refused before any walk."""

from pathlib import Path

import numpy as np
import pytest

from history.base.arrays import Floats
from models.trees.ensemble import Trees, trees_from_text
from models.trees.lightgbm_text import read_trees
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_text_is_refused_or_walks_to_an_end(trees: Trees, values: Floats, seed: int) -> None:
    """Whoever signs a foreign bundle, reading it ends in ValueError or KeyError and never outside of the arrays."""
    random = np.random.default_rng(seed)
    data = trees.text.encode("ascii")
    body = data[: data.index(b"end of trees") + 12]
    refused = 0
    for _ in range(60):
        at = int(random.integers(len(body)))
        cut = body[:at] + bytes([random.choice(list(b"0123456789 -=.e\n"))]) + body[at + 1 :]
        try:
            found = trees_from_text(cut.decode("ascii"))
        except (ValueError, KeyError, OverflowError):
            refused += 1
            continue
        assert found.predict(values[:5]).shape == (5,)
    assert refused


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_text_is_refused(trees: Trees, share: float) -> None:
    end = trees.text.index("end of trees")
    with pytest.raises((ValueError, KeyError)):
        trees_from_text(trees.text[: int(share * end)])


TWO_TREES = (Path(__file__).parents[2] / "golden" / "two_trees.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "damaged", "fault"),
    [
        ("split_feature=0 1", "split_feature=0 3", "a feature out of range"),
        ("left_child=1 -1", "left_child=0 -1", "a child that is no later node"),
        ("right_child=-2 -3", "right_child=-2 -2", "nodes or leaves reached twice or never"),
        ("leaf_value=0.5 -1 0.25", "leaf_value=0.5 -1 inf", "a leaf that is not a number"),
        ("threshold=30.5 2.5", "threshold=30.5 nan", "a threshold that is not a number"),
        ("threshold=0", "threshold=1", "a set of categories out of range"),
        ("cat_boundaries=0 1", "cat_boundaries=1 1", "cat_threshold has 1 values, expected 1|out of order"),
        ("internal_count=100 60", "internal_count=100 0", "a count below one"),
        ("leaf_value=0.5 -1 0.25", "leaf_value=0.5 -1", "leaf_value has 2 values, expected 3"),
        ("num_leaves=3", "num_leaves=65537", "65537 leaves"),
        ("is_linear=0", "is_linear=1", "is linear, which is not read"),
        ("feature_names=days_in_stage calls source", "feature_names=", "not a LightGBM model text"),
        ("end of trees", "", "ends before its trees do"),
    ],
)
def test_each_fault_of_a_tree_is_named(line: str, damaged: str, fault: str) -> None:
    assert f"\n{line}\n" in TWO_TREES
    with pytest.raises(ValueError, match=fault):
        read_trees(TWO_TREES.replace(f"\n{line}\n", f"\n{damaged}\n", 1))


def test_text_is_read_as_lightgbm_numbers_it() -> None:
    names, (numbers, categories) = read_trees(TWO_TREES)
    assert names == ["days_in_stage", "calls", "source"]
    assert numbers.threshold.tolist() == [30.5, 2.5]
    assert numbers.left.tolist() == [1, -1]
    assert (categories.bits_bounds.tolist(), categories.bits.tolist()) == ([0, 1], [12])
