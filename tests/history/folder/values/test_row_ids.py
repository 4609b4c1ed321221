"""Ids of rows: which repeat within a lead, which have a NUL, and their texts, from columns of any type."""

import numpy as np
import pyarrow as pa
import pytest

from history.folder.values.row_ids import RowIds


@pytest.mark.parametrize("seed", range(20))
def test_of_equal_ids_within_a_lead_the_one_known_first_stays(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 120
    lead = np.sort(random.integers(0, [3, 40][seed % 2], n))
    texts = [None if code < 2 else "" if code == 2 else f"é{code}" for code in random.integers(0, 30, n)]
    known_us = random.integers(0, 4, n)
    first: dict[tuple[int, str], int] = {}
    expected = []
    for row in sorted(range(n), key=lambda row: (known_us[row], row)):
        text = texts[row]
        if text and first.setdefault((int(lead[row]), text), row) != row:
            expected.append(row)
    ids = RowIds(pa.array(texts, pa.string()), n)
    assert sorted(ids.repeated(np.arange(n), lead, known_us).tolist()) == sorted(expected)


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["x", "7", "7", None, ""]).slice(1),
        pa.array(["7", "7", None, ""]).dictionary_encode(),
        pa.array([7, 7, None, None], pa.int64()),
        pa.array([7.0, 7.0, None, None]),
    ],
    ids=["slice", "dictionary", "whole numbers", "floats"],
)
def test_columns_of_any_type_are_texts(array: pa.Array) -> None:
    ids = RowIds(array, len(array))
    rows = np.array([3, 1, 0])
    texts = ids.of(rows)
    assert texts == [None, "7", "7"]
    assert texts is not None
    assert (len(texts), texts[1], texts[:2], list(texts)) == (3, "7", [None, "7"], [None, "7", "7"])
    assert texts.taken(np.array([2])) == ["7"]
    assert texts.taken(np.array([0])) is None
    same_lead = np.zeros(2, dtype=np.int64)
    assert ids.repeated(np.array([0, 1]), same_lead, same_lead).tolist() == [1]


def test_without_ids_nothing_repeats() -> None:
    ids = RowIds(None, 3)
    nothing = np.zeros(0, dtype=np.int64)
    assert ids.of(np.arange(3)) is None
    assert ids.repeated(nothing, nothing, nothing).tolist() == []
    assert ids.has_nul().tolist() == [False] * 3
    assert RowIds(pa.array(["a\0b", None, "c"]), 3).has_nul().tolist() == [True, False, False]
