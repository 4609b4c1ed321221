"""Columns of combinations from figures written by hand: their numbers, names and JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features.attributes.attributes import Attribute
from features.attributes.combinations import (
    KEY_BASE,
    NO_COMBINATIONS,
    SHRINKAGE,
    Combinations,
    combination_features,
    from_dict,
)
from features.catalogue import attributes_behind, catalogue
from features.matrix import build_matrix
from features.vocabulary import Vocabulary
from history.snapshot import all_leads
from tests.builders.feature_words import words
from tests.builders.leads.lead_histories import START_US, Lead, history_of

# Of 100 rows 20 are won; Ann has 40 and 12 of them, Bob 60 and 8; retail 50 and 10, others 50 and 10.
FIGURES = Combinations(
    names=(("owner", "industry"),),
    index={"industry": {"other": 0, "retail": 1}, "owner": {"Ann": 2, "Bob": 3}},
    keys=np.array([2 * KEY_BASE + 0, 2 * KEY_BASE + 1, 3 * KEY_BASE + 1]),
    rows=np.array([50, 50, 40, 60, 100, 10, 30, 20]),
    wins=np.array([10, 10, 12, 8, 20, 9, 3, 4]),
)


def _vocabulary(figures: Combinations = FIGURES) -> Vocabulary:
    owner = Attribute("owner", "category", ("win_rate",))
    industry = Attribute("industry", "category", ("win_rate",), folds=True)
    return replace(words(), attributes=(owner, industry), combinations=figures)


def _column(*attributes: dict[str, str | None]) -> list[float]:
    history = history_of([Lead(START_US + i, each) for i, each in enumerate(attributes)], START_US + 10)
    matrix = build_matrix(all_leads(history, START_US + 10), _vocabulary())
    assert matrix.features[-1].name == "attr_owner_with_industry"
    return list(matrix.values[:, -1].tolist())


def _odds(rate: float) -> float:
    return rate / (1 - rate)


def test_a_column_divides_the_odds_by_those_expected() -> None:
    base = 0.2
    ann = (12 + SHRINKAGE * base) / (40 + SHRINKAGE)
    other = (10 + SHRINKAGE * base) / (50 + SHRINKAGE)
    expected = _odds(ann) * _odds(other) / _odds(base)
    rate = (9 + SHRINKAGE * expected / (1 + expected)) / (10 + SHRINKAGE)
    together, unseen, unknown, retail = _column(
        {"owner": "Ann", "industry": " OTHER"},
        {"owner": "Bob", "industry": "other"},
        {"owner": "Eve", "industry": "retail"},
        {"owner": "Ann", "industry": "Retail"},
    )
    assert together == pytest.approx(_odds(rate) / expected, rel=1e-12)
    assert together > 1 > retail
    assert unseen == pytest.approx(1, rel=1e-12)
    assert unknown == pytest.approx(1, rel=1e-12)


def test_a_missing_value_is_missing() -> None:
    assert np.isnan(_column({"owner": None, "industry": "retail"}, {"owner": "Ann"})).all()


def test_json_restores_the_figures() -> None:
    restored = from_dict(json.loads(json.dumps(FIGURES.to_dict())))
    assert restored.names == FIGURES.names
    assert restored.index == FIGURES.index
    for name in ("keys", "rows", "wins"):
        np.testing.assert_array_equal(getattr(restored, name), getattr(FIGURES, name))
    nothing = from_dict(NO_COMBINATIONS.to_dict())
    assert nothing.to_dict() == NO_COMBINATIONS.to_dict()


def test_columns_name_both_attributes() -> None:
    features = combination_features((("owner", "Lead Source"), ("x_1", "y")))
    assert [feature.name for feature in features] == ["attr_owner_with_lead_source", "attr_x_1_with_y"]
    assert all(feature.direction == 1 and feature.unit == "times" for feature in features)
    vocabulary = _vocabulary()
    behind = dict(
        zip(
            [f.name for f in catalogue(vocabulary)],
            attributes_behind(vocabulary, catalogue(vocabulary)),
            strict=True,
        )
    )
    assert behind["attr_owner_with_industry"] == ("owner", "industry")
    assert behind["owner_win_rate"] == ("owner",)
    assert behind["lead_age_days"] == ()
