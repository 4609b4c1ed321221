"""Wilson's one-sided bounds against the definition, and values quoted for people."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.audit.evidence import ANY_VALUE, Z_ONE_SIDED, quoted, wilson_bounds


@given(st.integers(1, 500), st.data())
def test_bounds_solve_the_score_equation(n: int, data: st.DataObject) -> None:
    """A bound p is where the rate lies z standard errors of p away from p."""
    hits = data.draw(st.integers(0, n))
    low, high = (float(bound) for bound in wilson_bounds(hits, n))
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            distance = abs(hits / n - bound) / math.sqrt(bound * (1 - bound) / n)
            assert distance == pytest.approx(Z_ONE_SIDED, rel=1e-6)


def test_nothing_seen_says_nothing() -> None:
    bounds = wilson_bounds(np.zeros(2), np.array([0, 10]))
    assert bounds.low.tolist() == [0.0, 0.0]
    assert bounds.high[0] == pytest.approx(1.0)
    assert 0 < bounds.high[1] < 1


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["a"], "'a'"),
        (list("abcd"), "'a', 'b', 'c' and 1 more"),
        ([ANY_VALUE], "any value"),
        (["x" * 99], f"'{'x' * 60}'"),
    ],
)
def test_values_are_quoted_and_counted(values: list[str], text: str) -> None:
    assert quoted(values) == text
