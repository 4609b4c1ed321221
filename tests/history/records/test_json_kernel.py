"""Compiled reading of JSON: places of values against the standard library."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from history.records.json_kernel import BEGIN, END, scan_rows

NAMES = np.frombuffer(b"kindvalue", dtype=np.uint8)
START = np.array([0, 4, 9])
IS_NUMBER, IS_NEEDED = np.array([False, True]), np.array([True, False])

spaces = st.sampled_from(["", " ", "\n\t"])


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.none() | st.integers(0, 99)), max_size=6),
    spaces,
)
def test_places_of_values_are_those_of_the_decoded_objects(
    rows: list[tuple[str, int | None]], space: str
) -> None:
    objects = [{"value": value, "kind": kind} for kind, value in rows]
    text = json.dumps(objects, separators=(space + "," + space, space + ":" + space)).encode()
    spans = np.empty((2, 2, 6), dtype=np.int64)
    n = scan_rows(np.frombuffer(text, dtype=np.uint8), NAMES, START, IS_NUMBER, IS_NEEDED, spans)
    assert n == len(rows)
    begin, end = spans[BEGIN], spans[END]
    for i, (kind, value) in enumerate(rows):
        assert text[begin[0, i] : end[0, i]].decode() == kind
        assert (None if begin[1, i] < 0 else int(text[begin[1, i] : end[1, i]])) == value
