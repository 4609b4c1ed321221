"""The compiled walk over interactions: windows at their edges, and the median gap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.matrix import build_matrix
from history.snapshot import Snapshot
from history.text.times import DAY_US
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import CALM, START_US, Lead, Touch, history_of

WORDS = words()


@pytest.mark.parametrize(("age", "counted"), [(0, 1), (7 * DAY_US - 1, 1), (7 * DAY_US, 0), (-1, 0)])
def test_a_window_is_open_behind_and_closed_at_as_of(age: int, counted: int) -> None:
    lead = Lead(START_US, {}, [Touch(START_US - age, START_US - age, "call")])
    matrix = build_matrix(Snapshot(history_of([lead], START_US), np.array([0]), np.array([START_US])), WORDS)
    names = [f.name for f in matrix.features]
    assert matrix.values[0, names.index("interactions_7d")] == counted


@settings(CALM, max_examples=50)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_the_median_gap_is_the_median_for_any_length(gaps: list[int], seed: int) -> None:
    times = START_US + np.concatenate(([0], np.cumsum(gaps))) * DAY_US
    order = np.random.default_rng(seed).permutation(len(times))
    lead = Lead(START_US, {}, [Touch(int(times[k]), int(times[k]), "call") for k in order])
    last = int(times[-1])
    matrix = build_matrix(Snapshot(history_of([lead], last), np.array([0]), np.array([last])), WORDS)
    names = [f.name for f in matrix.features]
    assert matrix.values[0, names.index("median_gap_days")] == np.median(gaps)
