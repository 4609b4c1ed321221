"""The commonest text comes first, and of equally common ones the first in their own order."""

from itertools import permutations

from history.base.counts import by_count, commonest

COUNTS = {"b": 3, "a": 1, "d": 3, "c": 1}


def test_order_is_that_of_counts_whatever_the_order_of_insertion() -> None:
    for order in permutations(COUNTS):
        counts = {text: COUNTS[text] for text in order}
        assert by_count(counts) == ["b", "d", "a", "c"]
        assert commonest(counts) == "b"
