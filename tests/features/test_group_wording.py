"""Groups of one feature: every value has one, and it reads as people say it."""

import numpy as np
import pytest

from features.catalogue import catalogue
from features.group_wording import (
    ABOVE,
    BELOW,
    MISSING,
    comparison_sentence,
    group_of,
    group_words,
    groups_of,
    has_groups,
    split_of,
)
from tests.builders.feature_words import words

FEATURES = {feature.name: feature for feature in catalogue(words())}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["interactions_7d", "attr_size", "stage", "attr_agreed", "days_in_stage"])
def test_one_value_has_the_group_of_many(name: str, seed: int) -> None:
    random, feature = np.random.default_rng(seed), FEATURES[name]
    values = random.integers(0, 5, 60).astype(np.float64)
    if feature.kind == "number":
        values[random.random(60) < 0.2] = np.nan
    split = split_of(feature, values)
    groups = groups_of(feature, values, split)
    assert groups.tolist() == [group_of(feature, value, split) for value in values.tolist()]


@pytest.mark.parametrize(
    ("name", "group", "split", "expected"),
    [
        ("interactions_7d", ABOVE, 1.0, "at least 1 interaction in the last 7 days"),
        ("interactions_7d", BELOW, 1.0, "no interactions in the last 7 days"),
        ("interactions_7d", BELOW, 4.0, "fewer than 4 interactions in the last 7 days"),
        ("days_in_stage", BELOW, 12.0, "a stay of less than 12 days in the current stage"),
        ("unanswered_hours", MISSING, 5.0, "no message waiting for our reply"),
        ("attr_size", ABOVE, 75.0, "size of at least 75"),
        ("attr_plan", 2, None, 'plan "x"'),
        ("attr_plan", 0, None, "no plan"),
        ("attr_agreed", ABOVE, 1.0, 'agreed "yes"'),
        ("attr_tools_has_erp", BELOW, 1.0, 'without "ERP" among tools'),
    ],
)
def test_groups_read_as_people_say_them(name: str, group: int, split: float | None, expected: str) -> None:
    assert group_words(FEATURES[name], group, split, words()) == expected


def test_every_group_of_every_feature_has_words() -> None:
    for feature in FEATURES.values():
        if has_groups(feature):
            split = None if feature.kind == "category" else 1.0
            assert all(group_words(feature, group, split, words()) for group in (MISSING, BELOW, ABOVE))


def test_frequent_zeros_part_a_count_at_one() -> None:
    count = FEATURES["interactions_7d"]
    assert split_of(count, np.array([0.0, 0, 0, 1, 5])) == 1
    assert split_of(count, np.array([2.0, 3, 4, 5, 5])) == 5
    assert split_of(count, np.array([np.nan])) is None
    assert split_of(FEATURES["attr_size"], np.array([12.345, 67.89, 99.9])) == 68


def test_comparison_names_both_shares_and_numbers() -> None:
    sentence = comparison_sentence("partner leads", (0.391, 0.312), (412, 1203))
    assert sentence == "partner leads: 39 % won, others 31 % (412 and 1,203 leads)"
