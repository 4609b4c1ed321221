"""Scales: numbers with a long tail are read as logarithms, others as they are."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import skew

from tests.builders.small_models import COLUMNS, made_values
from training.fit.linear import scales
from training.fit.linear.design import regressors_of
from training.fit.linear.scales import LESS_SKEWED, better_as_logs


def test_numbers_without_a_long_tail_are_read_as_they_are() -> None:
    """The logarithm of a score from 0 to 100 would hide what tells the best half apart."""
    random = np.random.default_rng(1)
    score = np.clip(random.normal(50, 20, 400), 0, 100)
    score[::7] = np.nan
    numbers = [
        score,
        random.exponential(30, 400),
        random.integers(0, 3, 400) * 1.0,
        random.lognormal(9, 1, 400),
    ]
    values = np.column_stack([*numbers, np.full(400, 7.0), np.full(400, np.nan)])
    columns = [replace(COLUMNS[0], name=f"n{j}") for j in range(values.shape[1])]
    design, matrix, _ = regressors_of(values, columns, np.ones(400))
    assert design.frame.is_log.tolist() == [False, True, True, True, True, True]
    x = matrix.dense()[:, 0]
    present = ~np.isnan(score)
    expected = (score - score[present].mean()) / score[present].std()
    np.testing.assert_allclose(x, np.where(present, np.clip(expected, -5, 5), 0.0), atol=1e-9)
    np.testing.assert_array_equal(design.expand(values)[:, 0], x)


@pytest.mark.parametrize("rows", [300, 5000, 12_345])
def test_the_less_skewed_scale_is_chosen(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = made_values(3, rows)
    values[:, :3] = np.random.default_rng(4).gamma([9.0, 2.0, 0.5], 10, (rows, 3))
    monkeypatch.setattr(scales, "SKEWNESS_ROWS", rows)
    numbers = np.arange(5)
    logs = np.sign(values[:, numbers]) * np.log1p(np.abs(values[:, numbers]))
    plain = np.abs(skew(values[:, numbers], nan_policy="omit"))
    expected = plain >= np.abs(skew(logs, nan_policy="omit")) - LESS_SKEWED
    assert better_as_logs(values, numbers).tolist() == expected.tolist()
