"""Groups of one feature: every value has one, and one value has the same as among many."""

import numpy as np
import pytest

from features.catalogue import catalogue
from features.groups import (
    group_of,
    groups_of,
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


def test_frequent_zeros_part_a_count_at_one() -> None:
    count = FEATURES["interactions_7d"]
    assert split_of(count, np.array([0.0, 0, 0, 1, 5])) == 1
    assert split_of(count, np.array([2.0, 3, 4, 5, 5])) == 5
    assert split_of(count, np.array([np.nan])) is None
    assert split_of(FEATURES["attr_size"], np.array([12.345, 67.89, 99.9])) == 68
