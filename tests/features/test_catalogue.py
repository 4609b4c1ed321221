"""The catalogue: unique names a model library takes, sentences that read well for any value, a page that is current."""

import math
import re
from pathlib import Path

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes import PLACES, Attribute
from features.catalogue import catalogue, feature_set_id
from features.catalogue_page import example, page
from features.feature import slugs
from features.interactions import InteractionVocabulary
from features.matrix import build_matrix
from features.vocabulary import Vocabulary, learn
from features.wording import duration, is_missing, plain, readable, sentence
from history.snapshot import Snapshot, all_leads
from tests.builders.feature_words import words
from tests.builders.lead_histories import CALM, Lead, histories, history_of, instants
from tests.builders.made_leads import LAST_US, made_leads

WORDS = words()
NAME = re.compile(r"[a-z][a-z0-9_]*")
weird = st.text(max_size=12) | st.sampled_from(
    [
        "x",
        "X",
        "x week",
        "x_week",
        "{value}",
        "{",
        '"a":[1]',
        "Größe",
        "客户",
        "顧客",
        "a" * 99,
        "x_share",
        " ",
        "é",
        "e",
    ]
)


def _odd(names: list[str]) -> Vocabulary:
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
def test_names_are_unique_and_plain_for_any_data(names: list[str]) -> None:
    columns = catalogue(_odd(names))
    assert len({f.name for f in columns}) == len(columns)
    assert all(NAME.fullmatch(f.name) for f in columns)
    for column in columns:
        assert column.phrase.format(value="x")
        assert column.missing.format()


def test_lightgbm_keeps_the_names() -> None:
    names = [f.name for f in catalogue(_odd(["{value}", '"a":[1]', "客户", "x week", "x_week", "a b"]))]
    rows = np.random.default_rng(0).random((50, len(names)))
    data = lightgbm.Dataset(rows, label=np.arange(50) % 2, feature_name=names)
    model = lightgbm.train({"verbose": -1, "num_threads": 1}, data, num_boost_round=1)
    assert model.feature_name() == names


def test_slugs_are_unique_and_keep_plain_names() -> None:
    assert slugs(["call", "Demo call", "new"]) == ["call", "demo_call", "new"]
    first, second, third = slugs(["a b", "a_b", "A-B"])
    assert second == "a_b"
    assert len({first, second, third}) == 3


def test_feature_set_id_changes_with_the_columns() -> None:
    columns = catalogue(WORDS)
    assert feature_set_id(columns) == feature_set_id(catalogue(words()))
    assert feature_set_id(columns[:-1]) != feature_set_id(columns)
    assert re.fullmatch("[0-9a-f]{64}", feature_set_id(columns))


@settings(CALM, max_examples=60)
@given(histories, instants)
def test_every_value_has_a_sentence_in_both_directions(leads: list[Lead], as_of: int) -> None:
    history = history_of(leads, as_of)
    matrix = build_matrix(Snapshot(history, np.arange(len(leads)), np.full(len(leads), as_of)), WORDS)
    for row in matrix.values.tolist():
        for column, value in zip(matrix.features, row, strict=True):
            up, down = (sentence(column, value, way, WORDS) for way in (True, False))
            assert up.endswith((" raises the chance", " raise the chance"))
            assert down.endswith((" lowers the chance", " lower the chance"))
            assert up[0] == up[0].upper()
            assert not re.search(r"\bnan\b", up)
            words = readable(column, value, WORDS)
            assert is_missing(column, value) or words.lower() in up.lower()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("interactions_7d", 0, "No interactions in the last 7 days lower the chance"),
        ("interactions_7d", 1, "1 interaction in the last 7 days lowers the chance"),
        ("days_in_stage", 3.54, "A stay of 3.5 days in the current stage lowers the chance"),
        ("response_hours_mean", math.nan, "No reply from us recorded lowers the chance"),
        ("stage_regressions", 1, "1 move back to an earlier stage lowers the chance"),
        ("attr_due_days_ahead", -2.0, "Due 2 days ago lowers the chance"),
        ("attr_plan", 1, "Plan with a rare or new value lowers the chance"),
        ("attr_plan", 2, 'Plan "x" lowers the chance'),
        ("attr_plan", 0, "No plan lowers the chance"),
        ("stage_position", 2, "Being at stage 2 of 3 (demo) lowers the chance"),
        ("stage", 1, "Being in a stage unknown to the model lowers the chance"),
        ("created_weekday", 6, "Creation on a Sunday lowers the chance"),
        ("attr_plan_win_rate", 0.175, "A win rate of 17.5 % among past leads of its plan lowers the chance"),
    ],
)  # fmt: skip
def test_sentences_read_as_written(name: str, value: float, text: str) -> None:
    (column,) = (f for f in catalogue(WORDS) if f.name == name)
    assert sentence(column, float(value), False, WORDS) == text


def test_durations_and_numbers_are_short() -> None:
    days = (0, 1 / 1440, 0.05, 0.3, 1.5, 2, 9.97, 365.4)
    said = [
        "less than a minute",
        "1 minute",
        "72 minutes",
        "7 hours",
        "36 hours",
        "2 days",
        "10 days",
        "365 days",
    ]
    assert [duration(d) for d in days] == said
    assert [plain(x) for x in (0, -3, 1234567, 2.5, 0.00012345)] == [
        "0",
        "-3",
        "1,234,567",
        "2.5",
        "0.000123",
    ]


def test_a_learned_catalogue_matches_its_matrix() -> None:
    snapshot = all_leads(history_of(made_leads(300, seed=6), LAST_US), LAST_US)
    vocabulary, _ = learn(snapshot)
    matrix = build_matrix(snapshot, vocabulary)
    assert matrix.features == catalogue(vocabulary)
    assert matrix.values.shape == (len(snapshot), len(matrix.features))
    assert matrix.values.flags.c_contiguous
    assert not np.isinf(matrix.values).any()


def test_the_page_of_features_is_current() -> None:
    kept = Path(__file__).parents[2] / "docs" / "reference" / "features.md"
    assert kept.read_text(encoding="utf-8") == page(), (
        "run: python -m features.catalogue_page > docs/reference/features.md"
    )


def test_the_page_has_a_column_of_every_sort() -> None:
    units = {f.unit for f in catalogue(example())}
    assert units == {f.unit for f in catalogue(WORDS)}
