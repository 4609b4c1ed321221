"""The kernel of searches against Python's own search in each text."""

import random

import numpy as np
import pytest

from serving.store.scores.search.kernel import rows_with

LETTERS = "abé€\U0001f600 \n"


def found(
    texts: list[bytes], groups: list[int], wanted: list[bool], needle: bytes, rare: tuple[int, int]
) -> list[int]:
    starts = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    text, searched = (np.frombuffer(one, dtype=np.uint8) for one in (b"".join(texts), needle))
    rows = np.empty(len(texts), dtype=np.int64)
    count = rows_with(text, starts, np.array(groups, dtype=np.int64), np.array(wanted), searched, rare, rows)
    return [int(row) for row in rows[:count]]


@pytest.mark.parametrize("seed", range(40))
def test_rows_are_those_whose_text_has_the_needle(seed: int) -> None:
    draw = random.Random(seed)
    most = draw.choice((3, 30, 300))
    texts = ["".join(draw.choices(LETTERS, k=draw.randrange(most))).encode() for _ in range(200)]
    groups, wanted = [draw.randrange(4) for _ in texts], [False, True, draw.random() < 0.5, True]
    for length in range(1, 7):
        needle = "".join(draw.choices(LETTERS, k=length)).encode()
        places = draw.choices(range(len(needle)), k=2)
        expected = [row for row, text in enumerate(texts) if needle in text and wanted[groups[row]]]
        assert found(texts, groups, wanted, needle, (places[0], places[1])) == expected


def test_needle_across_two_rows_is_in_neither() -> None:
    assert found([b"xa", b"b", b"", b"ab"], [0, 0, 0, 0], [True], b"ab", (0, 1)) == [3]


def test_needle_longer_than_all_texts_is_not_found() -> None:
    assert found([b"a", b""], [0, 0], [True], b"abc", (0, 2)) == []
