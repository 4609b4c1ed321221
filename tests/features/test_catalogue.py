"""The catalogue: unique names that LightGBM keeps, sentences that read well for any value, a current page."""

import re
from dataclasses import replace

import lightgbm
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.attributes import Attribute
from features.attributes.kernel import PLACES
from features.catalogue import catalogue, feature_set_id
from features.interactions.interactions import InteractionVocabulary
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn
from history.snapshot import all_leads
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import CALM, history_of
from tests.builders.leads.made_leads import LAST_US, made_leads

WORDS = words()
NAME = re.compile(r"[a-z][a-z0-9_]*")
ODD_NAMES = (
    "x", "X", "x week", "x_week", "x_share", "{value}", "{", '"a":[1]', "Größe", "客户", "顧客", "a" * 99, " ", "é",
    "e",
)  # fmt: skip
weird = st.text(max_size=12) | st.sampled_from(ODD_NAMES)


def _vocabulary_named(names: list[str]) -> Vocabulary:
    """A vocabulary whose attributes, kinds, channels and stages have the given names."""
    half = len(names) // 2
    return Vocabulary(
        config=WORDS.config.__class__(stages=tuple(names[:half])),
        learned_at_us=0,
        n_leads=0,
        stage_medians=(None,) * half,
        interactions=InteractionVocabulary(tuple(names[half:]), tuple(names), True, True, True, True, True),
        attributes=tuple(
            Attribute(name, ("number", "date", "category")[i % 3], PLACES) for i, name in enumerate(names)
        ),
        tables=WORDS.tables,
        whole_year=True,
    )


@settings(CALM, max_examples=100)
@given(st.lists(weird, unique=True, max_size=8))
def test_names_are_unique_and_plain_for_any_data_names(names: list[str]) -> None:
    columns = catalogue(_vocabulary_named(names))
    assert len({f.name for f in columns}) == len(columns)
    assert all(NAME.fullmatch(f.name) for f in columns)
    for column in columns:
        assert column.phrase.format(value="x")
        assert column.missing.format()


def test_lightgbm_keeps_the_names() -> None:
    names = [
        f.name
        for f in catalogue(_vocabulary_named(["{value}", '"a":[1]', "客户", "x week", "x_week", "a b"]))
    ]
    rows = np.random.default_rng(0).random((50, len(names)))
    data = lightgbm.Dataset(rows, label=np.arange(50) % 2, feature_name=names)
    model = lightgbm.train({"verbose": -1, "num_threads": 1}, data, num_boost_round=1)
    assert model.feature_name() == names


def test_the_id_depends_on_columns_not_on_wording() -> None:
    columns = catalogue(WORDS)
    assert feature_set_id(columns) == feature_set_id(catalogue(words()))
    assert feature_set_id(columns[:-1]) != feature_set_id(columns)
    other_unit = [replace(columns[0], unit="hours"), *columns[1:]]
    assert feature_set_id(other_unit) != feature_set_id(columns)
    reworded = [replace(column, phrase="age", missing="no age") for column in columns]
    assert feature_set_id(reworded) == feature_set_id(columns)
    assert re.fullmatch("[0-9a-f]{64}", feature_set_id(columns))


def test_a_learned_catalogue_matches_its_matrix() -> None:
    snapshot = all_leads(history_of(made_leads(300, seed=6), LAST_US), LAST_US)
    vocabulary, _ = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary)
    assert matrix.features == catalogue(vocabulary)
    assert matrix.values.shape == (len(snapshot), len(matrix.features))
    assert matrix.values.flags.c_contiguous
    assert not np.isinf(matrix.values).any()
