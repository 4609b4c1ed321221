"""Kernels of trees: a block of rows and a single one decide alike at every kind of node."""

import numpy as np
import pytest

from history.base.arrays import Floats
from models.trees.ensemble import Trees
from models.trees.kernel import add_parts, add_row_parts
from tests.builders.small_models import made_model, made_values, odd_values


@pytest.fixture(scope="module")
def trees() -> Trees:
    model = made_model(7, 600).trees
    assert model is not None
    return model


@pytest.mark.parametrize("values", [made_values(8, 300), odd_values()], ids=["usual", "odd"])
def test_kernels_of_rows_and_of_blocks_agree_to_the_last_bit(
    trees: Trees, values: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []
    for kernel in (add_parts, add_row_parts):
        monkeypatch.setattr("models.trees.shapley.add_parts", kernel)
        monkeypatch.setattr("models.trees.shapley.add_row_parts", kernel)
        parts.append(np.zeros((len(values), len(trees.names))))
        trees.tables.add_parts(values, parts[-1])
    assert parts[0].any()
    assert parts[0].tobytes() == parts[1].tobytes()
