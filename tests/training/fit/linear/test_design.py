"""Designs: scales and regressors as numpy computes them, codes that are missing or new."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.leads.lead_histories import CALM
from tests.builders.small_models import COLUMNS, NUMBERS, made_values
from training.fit.linear.design import known_codes, regressors_of

SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_scales_and_regressors_are_those_of_numpy(seed: int) -> None:
    values, weight = made_values(seed, 300), np.random.default_rng(seed).uniform(0.2, 2, 300)
    design, matrix, mean = regressors_of(values, COLUMNS, weight)
    x = matrix.dense()
    np.testing.assert_array_equal(x, design.expand(values))
    np.testing.assert_allclose(mean, np.average(x, axis=0, weights=weight), atol=1e-12)
    for j in range(NUMBERS):
        logs = np.sign(values[:, j]) * np.log1p(np.abs(values[:, j]))
        present = ~np.isnan(logs)
        expected = np.average(logs[present], weights=weight[present])
        variance = np.average((logs[present] - expected) ** 2, weights=weight[present])
        assert design.frame.mean[j] == pytest.approx(expected, abs=1e-12)
        assert design.frame.scale[j] == pytest.approx(np.sqrt(variance))
        standardised = (logs - expected) / np.sqrt(variance)
        assert design.frame.low[j] == pytest.approx(max(np.nanmin(standardised), -5.0))
        assert design.frame.high[j] == pytest.approx(min(np.nanmax(standardised), 5.0))
        clipped = np.clip(standardised, -5.0, 5.0)
        np.testing.assert_allclose(x[:, j], np.where(present, clipped, 0.0), atol=1e-9)


def test_groups_are_units_of_numbers_flags_and_categories() -> None:
    values = made_values(1, 300)
    columns = [replace(COLUMNS[0], unit="days"), *COLUMNS[1:]]
    design, matrix, _ = regressors_of(values, columns, np.ones(300))
    groups = design.groups(columns)
    assert len(groups) == matrix.width
    levels = len(design.frame.levels)
    numbers, flags, categories = np.split(groups, [NUMBERS, len(groups) - levels])
    assert numbers.tolist() == [0] + [1] * (NUMBERS - 1)
    assert set(flags.tolist()) <= {2}
    assert set(categories.tolist()) == {groups.max()}


@given(
    st.lists(st.one_of(st.integers(-3, 9).map(float), st.just(float("nan"))), min_size=1), st.integers(1, 6)
)
@CALM
def test_unknown_codes_stand_for_missing_and_unseen(codes: list[float], width: int) -> None:
    """Missing is code 0, what lies outside is code 1, unseen."""
    for code, known in zip(codes, known_codes(np.array(codes), width), strict=True):
        place = 0 if np.isnan(code) else int(code)
        assert known == (place if 0 <= place < width else min(1, width - 1))
