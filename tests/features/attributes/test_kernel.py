"""The compiled walk over attributes: the valid entry against a plain loop, the search against bisect."""

from bisect import bisect_right

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.attributes.kernel import KIND_CODES, PLACES, _last_at, entry_rows

N_ATTRIBUTES, N_TEXTS = 2, 3
STARTS = np.array([0, N_TEXTS], dtype=np.int64)
changes = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(-1, N_ATTRIBUTES - 1), st.integers(-1, 2)),
    max_size=8,
)


def test_places_and_kinds_have_a_code_each() -> None:
    assert len(set(PLACES)) == len(PLACES)
    assert sorted(KIND_CODES.values()) == list(range(len(KIND_CODES)))


@settings(deadline=None)
@given(st.lists(st.integers(-1, 2), min_size=2, max_size=2), changes, st.integers(-1, 14))
def test_valid_entry_is_the_latest_visible_change(
    base: list[int], rows: list[tuple[int, int, int, int]], as_of: int
) -> None:
    """Rows are (time, delay until known, attribute, text); -1 is another attribute, or a cleared value."""
    rows = sorted(rows, key=lambda row: row[0])
    expected = [text + start if text >= 0 else -1 for text, start in zip(base, STARTS.tolist(), strict=True)]
    for time, delay, attribute, text in rows:
        if time + delay <= as_of and attribute >= 0:
            expected[attribute] = text + int(STARTS[attribute]) if text >= 0 else -1

    times, delays, attributes, texts = np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy()
    entry = np.where(texts >= 0, texts + STARTS[attributes], -1).astype(np.int32)
    out = np.empty((1, N_ATTRIBUTES), dtype=np.int32)
    entry_rows(
        out, np.array([0]), np.array([as_of]), np.array(base, dtype=np.int32)[:, None], STARTS,
        np.array([0, len(rows)]), times, times + delays, attributes.astype(np.int32), entry,
    )  # fmt: skip
    assert out[0].tolist() == expected


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 20)), st.integers(-1, 21), st.data())
def test_last_position_is_that_of_bisect(times: list[int], as_of: int, data: st.DataObject) -> None:
    times = sorted(times)
    begin = data.draw(st.integers(0, len(times)))
    end = data.draw(st.integers(begin, len(times)))
    position = bisect_right(times, as_of, begin, end) - 1
    found = _last_at(np.array(times, dtype=np.int64), begin, end, as_of)
    assert found == (position if position >= begin else -1)
