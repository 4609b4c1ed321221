"""Compiled reading of JSON: places of values, codes of texts and numbers against the standard library."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.records.json_kernel import has_equal_texts, read_numbers, read_words, scan_rows, text_codes

NAMES = np.frombuffer(b"kindvalue", dtype=np.uint8)
START = np.array([0, 4, 9])
IS_NUMBER, IS_NEEDED = np.array([False, True]), np.array([True, False])

spaces = st.sampled_from(["", " ", "\n\t"])


def places(texts: list[str | None]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The texts one after the other, and where each stands."""
    joined, begin, end = b"", [], []
    for text in texts:
        begin.append(-1 if text is None else len(joined))
        joined += (text or "").encode()
        end.append(len(joined))
    return np.frombuffer(joined, dtype=np.uint8), np.array(begin), np.array(end)


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.none() | st.integers(0, 99)), max_size=6),
    spaces,
)
def test_places_of_values_are_those_of_the_decoded_objects(
    rows: list[tuple[str, int | None]], space: str
) -> None:
    objects = [{"value": value, "kind": kind} for kind, value in rows]
    text = json.dumps(objects, separators=(space + "," + space, space + ":" + space)).encode()
    begin, end = np.empty((2, 6), dtype=np.int64), np.empty((2, 6), dtype=np.int64)
    n = scan_rows(np.frombuffer(text, dtype=np.uint8), NAMES, START, IS_NUMBER, IS_NEEDED, begin, end)
    assert n == len(rows)
    for i, (kind, value) in enumerate(rows):
        assert text[begin[0, i] : end[0, i]].decode() == kind
        assert (None if begin[1, i] < 0 else int(text[begin[1, i] : end[1, i]])) == value


@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), min_size=1, max_size=40
    )
)
def test_codes_stand_for_the_sorted_texts(texts: list[str | None]) -> None:
    text, begin, end = places(texts)
    codes, first = np.empty(len(texts), dtype=np.int32), np.empty(len(texts), dtype=np.int64)
    count = text_codes(text, begin, end, codes, first)
    distinct = sorted({text for text in texts if text is not None})
    assert [texts[i] for i in first[:count]] == distinct
    assert [None if code < 0 else distinct[code] for code in codes] == texts
    present = [text for text in texts if text is not None]
    assert has_equal_texts(text, begin, end, len(texts)) == (len(distinct) < len(present))


@pytest.mark.parametrize(
    ("texts", "expected"), [(["in", None, "out"], [1, 0, 2]), (["in", "ou"], None), ([""], None)]
)
def test_words_are_numbered_and_others_refused(texts: list[str | None], expected: list[int] | None) -> None:
    out = np.empty(len(texts), dtype=np.int8)
    words, start = np.frombuffer(b"inout", dtype=np.uint8), np.array([0, 2, 5])
    assert read_words(*places(texts), words, start, out) == (expected is not None)
    assert expected is None or out.tolist() == expected


number_texts = st.one_of(
    st.decimals(-1_000_000, 1_000_000, places=4).map(str),
    st.floats(-1e15, 1e15).map(repr),
    st.integers(-(10**17), 10**17).map(str),
    st.text("0123456789-.eE+", max_size=8),
)


@given(number_texts)
def test_numbers_are_those_of_the_standard_library(text: str) -> None:
    padded = np.frombuffer(f"x{text},".encode(), dtype=np.uint8)
    out = np.empty(1)
    if read_numbers(padded, np.array([1]), np.array([1 + len(text)]), 1e30, out):
        assert json.loads(text) == out[0]
    elif text.lstrip("-").isdigit() and len(text) <= 15:
        assert text.startswith(("-0", "0"))
