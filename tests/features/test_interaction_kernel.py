"""The compiled walks against plain Python, feature by feature, where ties, late rows and rows at as_of are common."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from features.catalogue import catalogue
from features.matrix import build_matrix
from history.compiled import CHUNK, compiled, in_chunks
from history.history import DAY_US
from history.snapshot import Snapshot
from tests.builders.feature_words import in_zone, words
from tests.builders.lead_histories import CALM, START_US, Lead, Touch, histories, history_of, instants
from tests.features.feature_reference import reference

WORDS = words()
ABROAD = in_zone("America/St_Johns")


@settings(CALM, max_examples=120)
@given(histories, st.lists(instants, min_size=1, max_size=3), st.booleans())
def test_every_feature_equals_the_plain_python_reference(
    leads: list[Lead], as_of: list[int], abroad: bool
) -> None:
    vocabulary = ABROAD if abroad else WORDS
    history = history_of(leads, max(as_of), vocabulary.config)
    lead = np.repeat(np.arange(len(leads)), len(as_of))
    snapshot = Snapshot(history, lead, np.tile(np.array(as_of, dtype=np.int64), len(leads)))
    matrix = build_matrix(snapshot, vocabulary)
    for i in range(len(snapshot)):
        truth = reference(leads[lead[i]], int(snapshot.as_of_us[i]), vocabulary)
        for j, column in enumerate(matrix.features):
            if abroad and column.name.startswith("attr_due"):
                continue  # the reference reads dates in UTC
            got, expected = float(matrix.values[i, j]), float(truth.get(column.name, math.nan))
            assert got == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), column.name


def test_the_reference_knows_every_feature() -> None:
    lead = Lead(START_US, {"plan": "x", "due": "2023-12-24"}, [Touch(START_US, START_US, "call")])
    known = reference(lead, START_US, WORDS)
    sometimes = {
        "stage_position", "furthest_position", "days_in_stage", "stage_pace", "days_to_first_stage", "days_to_stage",
        "days_since_move", "days_in_previous_stage", "interactions_in_stage",
    }  # fmt: skip
    assert {f.name for f in catalogue(WORDS)} == set(known) | sometimes


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


def test_chunks_cover_every_row_once() -> None:
    seen = np.zeros(3 * CHUNK + 5, dtype=np.int64)

    def mark(begin: int, end: int) -> None:
        seen[begin:end] += 1

    in_chunks(len(seen), mark)
    assert (seen == 1).all()


def test_functions_are_compiled_without_a_writable_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = numba.njit

    def njit(*given: object, cache: bool = False, **options: object) -> object:
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return plain(*given, **options)

    monkeypatch.setattr(numba, "njit", njit)

    @compiled(types.float64(types.float64))
    def double(x: float) -> float:
        return 2 * x

    assert double(3.0) == 6.0
