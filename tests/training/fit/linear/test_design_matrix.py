"""Regressors with categories as codes: every product is that of the dense matrix."""

import numpy as np
import pytest

from history.base.arrays import Floats
from training.fit.linear.design_matrix import BLOCK, DesignMatrix


def made_matrix(seed: int, rows: int = 50) -> tuple[DesignMatrix, Floats]:
    """Two numbers and two categories of 3 and 4 levels, and the same dense."""
    random = np.random.default_rng(seed)
    columns, codes = random.normal(size=(rows, 2)), random.integers(0, (3, 4), (rows, 2))
    dense = np.zeros((rows, 9))
    dense[:, :2] = columns
    for i in range(rows):
        dense[i, 2 + codes[i, 0]] = 1.0
        dense[i, 5 + codes[i, 1]] = 1.0
    return DesignMatrix(columns, codes + np.array([0, 3]), 7), dense


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_products_are_those_of_the_dense_matrix(seed: int) -> None:
    matrix, dense = made_matrix(seed)
    random = np.random.default_rng(seed)
    slopes, weight = random.normal(size=9), random.normal(size=50)
    assert (len(matrix), matrix.width) == dense.shape
    np.testing.assert_array_equal(matrix.dense(), dense)
    np.testing.assert_allclose(matrix.times(slopes), dense @ slopes, atol=1e-12)
    np.testing.assert_allclose(matrix.sums(weight), dense.T @ weight, atol=1e-12)


@pytest.mark.parametrize("rows", [0, 50, BLOCK + 300])
def test_sums_of_products_are_those_of_the_dense_matrix(rows: int) -> None:
    matrix, dense = made_matrix(1, rows)
    weight = np.random.default_rng(rows).uniform(0, 2, rows)
    expected = np.tril((dense * weight[:, None]).T @ dense)
    np.testing.assert_allclose(np.tril(matrix.gram(weight)), expected, atol=1e-9)
    np.testing.assert_allclose(np.tril(matrix.gram(weight, np.float32)), expected, rtol=1e-4, atol=1e-2)


def test_some_rows_are_those_of_the_dense_matrix() -> None:
    matrix, dense = made_matrix(1)
    for rows in (slice(None, None, 7), slice(10, 20), slice(5, 5)):
        some = matrix.take(rows)
        np.testing.assert_array_equal(some.dense(), dense[rows])
        np.testing.assert_allclose(some.times(np.ones(9)), dense[rows].sum(axis=1), atol=1e-12)
        np.testing.assert_allclose(some.sums(np.ones(len(some))), dense[rows].sum(axis=0), atol=1e-12)


def test_without_categories_it_is_the_matrix_itself() -> None:
    x = np.asfortranarray(np.random.default_rng(1).normal(size=(20, 3)))
    matrix = DesignMatrix.of(x)
    np.testing.assert_array_equal(matrix.dense(), x)
    np.testing.assert_allclose(matrix.sums(np.ones(20)), x.sum(axis=0), atol=1e-12)
