"""One lead alone gives the bits that it gives among others, whatever else the history holds."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.matrix import build_matrix
from features.vocabulary import learn
from history.base import compiled
from history.history import Factor
from history.snapshot import Snapshot
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import CALM, Lead, histories, history_of, instants
from tests.builders.leads.made_leads import LAST_US, made_leads

WORDS = words()


@settings(CALM, max_examples=100)
@given(histories, instants)
def test_one_lead_alone_equals_its_row_in_the_batch(leads: list[Lead], as_of: int) -> None:
    together = history_of(leads, as_of)
    batch = build_matrix(Snapshot(together, np.arange(len(leads)), np.full(len(leads), as_of)), WORDS)
    for i, lead in enumerate(leads):
        alone = Snapshot(history_of([lead], as_of), np.array([0]), np.array([as_of]))
        assert build_matrix(alone, WORDS).values.tobytes() == batch.values[i].tobytes()


@settings(CALM, max_examples=50)
@given(histories, instants, st.randoms(use_true_random=False))
def test_codes_of_texts_do_not_matter(leads: list[Lead], as_of: int, random: object) -> None:
    history = history_of(leads, as_of)
    snapshot = Snapshot(history, np.arange(len(leads)), np.full(len(leads), as_of))
    shuffled = replace(
        history,
        attributes={name: _recoded(column, random) for name, column in history.attributes.items()},
        interactions=replace(history.interactions, kind=_recoded(history.interactions.kind, random)),
        stages=replace(history.stages, stage=_recoded(history.stages.stage, random)),
    )
    again = build_matrix(replace(snapshot, history=shuffled), WORDS)
    assert again.values.tobytes() == build_matrix(snapshot, WORDS).values.tobytes()


def _recoded(column: Factor, random: object) -> Factor:
    """The same texts under shuffled codes, with texts that nobody has among the values."""
    values = [*column.values, "nobody has this"]
    random.shuffle(values)  # type: ignore[attr-defined]
    place = [values.index(text) for text in column.values]
    codes = np.array([*place, -1], dtype=np.int32)[column.codes]
    return Factor(codes, values)


def test_many_rows_on_several_threads_equal_few_rows_at_a_time() -> None:
    leads = made_leads(300, seed=3)
    as_of = LAST_US
    history = history_of(leads, as_of)
    rng = np.random.default_rng(5)
    n = compiled.CHUNK * 2 + 17
    lead = rng.integers(0, len(history), n)
    instants_us = as_of - rng.integers(0, 60, n) * 86_400_000_000
    vocabulary, tables = learn(Snapshot(history, np.arange(len(history)), np.full(len(history), as_of)))
    whole = build_matrix(Snapshot(history, lead, instants_us), vocabulary, tables)
    for begin in range(0, n, 7_919):
        part = slice(begin, begin + 7_919)
        rows = build_matrix(Snapshot(history, lead[part], instants_us[part]), vocabulary, tables)
        assert rows.values.tobytes() == whole.values[part].tobytes()


def test_timed_tables_at_t_equal_the_frozen_ones() -> None:
    as_of = LAST_US
    history = history_of(made_leads(400, seed=3), as_of)
    snapshot = Snapshot(history, np.arange(len(history)), np.full(len(history), as_of))
    vocabulary, tables = learn(snapshot)
    assert any(f.name == "owner_win_rate" for f in build_matrix(snapshot, vocabulary).features)
    timed, frozen = build_matrix(snapshot, vocabulary, tables), build_matrix(snapshot, vocabulary)
    assert timed.values.tobytes() == frozen.values.tobytes()
