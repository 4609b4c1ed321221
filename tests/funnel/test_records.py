"""JSON-ready values: whatever is not a finite number is null."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.records import finite, quartiles, ratio


@given(st.floats())
def test_number_is_strict_json(value: float) -> None:
    text = json.dumps(finite(value), allow_nan=False)
    assert json.loads(text) == (value if math.isfinite(value) else None)


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 4, 0.25), (0, 4, 0.0), (1, 0, None), (0, 0, None)]
)
def test_ratio_of_nothing_is_null(part: float, whole: float, expected: float | None) -> None:
    assert ratio(part, whole) == expected


def test_quartiles_of_no_values_are_null() -> None:
    assert quartiles(np.zeros(0)) == {"n": 0, "mean": None, "q25": None, "median": None, "q75": None}
    assert quartiles(np.array([1.0, 2.0, 3.0, 6.0])) == {
        "n": 4,
        "mean": 3.0,
        "q25": 1.75,
        "median": 2.5,
        "q75": 3.75,
    }
