"""The matrix against plain Python, feature by feature, with many ties, late rows and rows at as_of."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import catalogue
from features.matrix import PreparedHistory, build_matrix, empty_values
from features.vocabulary import learn
from history.snapshot import Snapshot
from tests.builders.feature_words import in_zone, words
from tests.builders.leads.lead_histories import CALM, START_US, Lead, Touch, histories, history_of, instants
from tests.builders.learned_words import rows_of
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
    lead = Lead(
        START_US, {"plan": "x", "due": "2023-12-24", "tools": "bi"}, [Touch(START_US, START_US, "call")]
    )
    known = reference(lead, START_US, WORDS)
    sometimes = {
        "stage_position", "furthest_position", "days_in_stage", "stage_pace", "days_to_first_stage", "days_to_stage",
        "days_since_move", "days_in_previous_stage", "interactions_in_stage",
    }  # fmt: skip
    assert {f.name for f in catalogue(WORDS)} == set(known) | sometimes


def test_a_bare_history_still_gives_a_matrix() -> None:
    snapshot = rows_of([Lead(START_US)])
    vocabulary, tables = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary, tables)
    assert matrix.values.shape == (1, len(matrix.features))
    assert not np.isnan(matrix.values).any()
    assert matrix.features[0].name == "lead_age_days"


def test_no_leads_give_columns_and_no_rows() -> None:
    snapshot = rows_of([])
    vocabulary, tables = learn(snapshot)
    assert build_matrix(snapshot, vocabulary, tables).values.shape[0] == 0


@settings(CALM, max_examples=40)
@given(histories, st.lists(instants, min_size=2, max_size=4))
def test_a_prepared_history_serves_every_instant(leads: list[Lead], as_of: list[int]) -> None:
    history = history_of(leads, max(as_of), WORDS.config)
    prepared = PreparedHistory(history, WORDS)
    for us in as_of:
        snapshot = Snapshot(history, np.arange(len(leads)), np.full(len(leads), us, dtype=np.int64))
        values = empty_values(len(snapshot), WORDS)
        prepared.write(values, snapshot)
        assert values.tobytes() == build_matrix(snapshot, WORDS).values.tobytes()
