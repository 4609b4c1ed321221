"""Shapley values of large trees: LightGBM's, whether leaves have a table or not, one row or many, to the last bit."""

from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from history.base.arrays import Floats
from models.trees import leaf_groups
from models.trees.ensemble import Trees, trees_from_text
from models.trees.kernel import ROWS


@pytest.fixture(scope="module")
def values() -> Floats:
    random = np.random.default_rng(5)
    values = random.normal(size=(2 * ROWS + 5, 24))
    values[:, :3] = random.integers(0, 9, size=(len(values), 3))
    values[random.random(values.shape) < 0.1] = np.nan
    values[random.random(values.shape) < 0.1] = 0.0
    return values


@pytest.fixture(scope="module", params=["missing is 0", "zero is missing", "missing is itself"])
def text(request: pytest.FixtureRequest, values: Floats) -> str:
    """Trees of 31 leaves, whose paths have up to a dozen features, for each of LightGBM's ways with missing values."""
    random = np.random.default_rng(6)
    rows = random.normal(size=(1_500, 24))
    rows[:, :3] = random.integers(0, 9, size=(1_500, 3))
    rows[random.random(rows.shape) < 0.1] = np.nan
    target = np.nan_to_num(rows) @ random.normal(size=24) + random.normal(size=1_500)
    settings = {
        "num_leaves": 31, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 4, "learning_rate": 0.3,
        "use_missing": request.param != "missing is 0", "zero_as_missing": request.param == "zero is missing",
    }  # fmt: skip
    data = lgb.Dataset(rows, target, categorical_feature=[0, 1, 2])
    booster: Any = lgb.train(settings, data, 12)
    return str(booster.model_to_string())


def lightgbms(text: str, values: Floats) -> Floats:
    booster: Any = lgb.Booster(model_str=text)
    return np.asarray(booster.predict(values, pred_contrib=True, num_threads=1), dtype=np.float64)[:, :-1]


def limited(text: str, patch: pytest.MonkeyPatch, conditions: int, numbers: int) -> Trees:
    """The trees with tables made under these limits."""
    patch.setattr(leaf_groups, "MOST_CONDITIONS", conditions)
    patch.setattr(leaf_groups, "LARGEST_TABLES", numbers)
    trees = trees_from_text(text)
    assert trees.tables is not None
    return trees


@pytest.mark.parametrize(("conditions", "numbers"), [(8, 4_000_000), (4, 4_000_000), (8, 20_000), (1, 0)])
def test_parts_are_lightgbms_with_and_without_tables(
    text: str, values: Floats, monkeypatch: pytest.MonkeyPatch, conditions: int, numbers: int
) -> None:
    trees = limited(text, monkeypatch, conditions, numbers)
    parts, expected = trees.contributions(values), lightgbms(text, values)
    np.testing.assert_allclose(parts, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize(("conditions", "numbers"), [(8, 4_000_000), (8, 20_000)])
def test_row_alone_has_the_parts_it_has_among_many(
    text: str, values: Floats, monkeypatch: pytest.MonkeyPatch, conditions: int, numbers: int
) -> None:
    trees = limited(text, monkeypatch, conditions, numbers)
    together = trees.contributions(values)
    for few in (1, 3, 9, 100):
        apart = [trees.contributions(values[i : i + few]) for i in range(0, len(values), few)]
        assert np.vstack(apart).tobytes() == together.tobytes()
