"""Group labels: many distinct numbers in bands, rare values together."""

import numpy as np

from training.evaluation.grouping import MAX_GROUPS, NO_VALUE, REST, group_labels, selected


def test_many_numbers_are_grouped_in_bands() -> None:
    labels = group_labels([*(str(number) for number in range(40)), NO_VALUE])
    assert labels[-1] == NO_VALUE
    assert len(set(labels)) == 5


def test_few_numbers_keep_their_values() -> None:
    assert group_labels(["1", "2", "2"]) == ["1", "2", "2"]


def test_rare_words_are_grouped_together() -> None:
    labels = group_labels([*(f"w{i}" for i in range(30)), *(f"w{i}" for i in range(5))])
    assert len(set(labels)) == MAX_GROUPS + 1
    assert labels.count(REST) == 10


def test_best_fifth_is_selected() -> None:
    probability = np.linspace(0, 1, 10)
    assert selected(probability).tolist() == [0] * 8 + [1, 1]
    assert selected(np.array([0.3])).tolist() == [1]
