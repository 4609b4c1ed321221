"""Compiled columns of rows: codes of texts, words, numbers and order against the standard library."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.config.schema import TABLES
from history.records import column_kernel as kernel
from history.records.json_rows import FIELDS

WORDS, WORD_START = np.frombuffer(b"inout", dtype=np.uint8), np.array([0, 2, 5])
TIME = "2026-01-31T09:30:00Z"
LARGEST = 1e30


@dataclass
class Columns:
    """What `read_columns` wrote, and whether the rows are usual."""

    is_usual: bool
    times: np.ndarray
    codes: np.ndarray
    texts: list[list[str]]  # of kinds and channels
    direction: list[int]
    value: np.ndarray


def columns_of(n: int, **given_texts: Sequence[str | None]) -> Columns:
    """The columns of n rows with these texts of some fields, and usual ones of the others."""
    joined, spans = b"", np.full((2, len(FIELDS), n), -1)
    usual: dict[str, Sequence[str | None]] = {"occurred_at": [TIME] * n, "kind": ["call"] * n}
    for name, of_field in {**usual, **given_texts}.items():
        for i, one in enumerate(of_field):
            if one is not None:
                spans[0, FIELDS.index(name), i] = len(joined)
                joined += one.encode()
                spans[1, FIELDS.index(name), i] = len(joined)
    times, codes = np.empty((2, n), dtype=np.int64), np.empty((2, n), dtype=np.int32)
    direction, value = np.empty(n, dtype=np.int8), np.empty(n)
    text = np.frombuffer(joined + b"," * 2 * n, dtype=np.uint8)
    lines, ends = np.empty(len(text), dtype=np.uint8), np.zeros(2, dtype=np.int64)
    is_usual = kernel.read_columns(
        text, spans, WORDS, WORD_START, LARGEST, times, codes, lines, ends, direction, value
    )
    texts = [
        lines[begin:end].tobytes().decode().split("\n")[:-1]
        for begin, end in ((0, ends[kernel.KINDS]), (ends[kernel.KINDS], ends[kernel.CHANNELS]))
        if is_usual
    ]
    return Columns(is_usual, times, codes, texts, direction.tolist(), value)


def test_every_field_of_an_interaction_is_read() -> None:
    assert {"lead_id", *FIELDS} == set(TABLES["interactions"].fields)


@given(
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4),
        min_size=1,
        max_size=40,
    )
)
def test_codes_stand_for_the_sorted_texts(texts: list[str | None]) -> None:
    columns = columns_of(len(texts), channel=texts)
    distinct = sorted({text for text in texts if text is not None})
    codes = columns.codes[kernel.CHANNELS]
    assert columns.is_usual
    assert columns.texts == [["call"], distinct]
    assert [None if code < 0 else distinct[code] for code in codes] == texts
    present = [text for text in texts if text is not None]
    assert columns_of(len(texts), interaction_id=texts).is_usual == (len(distinct) == len(present))


@given(st.lists(st.tuples(st.integers(10, 31), st.sampled_from("ab")), min_size=1, max_size=40))
def test_rows_are_sorted_by_time_and_ties_stay(rows: list[tuple[int, str]]) -> None:
    times = [f"2026-01-{day}T09:30:00Z" for day, _ in rows]
    values = [str(i) for i in range(len(rows))]
    columns = columns_of(len(rows), occurred_at=times, kind=[kind for _, kind in rows], value=values)
    order = sorted(range(len(rows)), key=lambda i: rows[i][0])
    assert columns.value.tolist() == order
    assert [columns.texts[0][code] for code in columns.codes[kernel.KINDS]] == [rows[i][1] for i in order]
    assert columns.times[kernel.TIME].tolist() == columns.times[kernel.KNOWN].tolist()
    assert columns.times[kernel.TIME].tolist() == sorted(columns.times[kernel.TIME].tolist())


@pytest.mark.parametrize(
    ("texts", "expected"), [(["in", None, "out"], [1, 0, 2]), (["in", "ou"], None), ([""], None)]
)
def test_words_are_numbered_and_others_refused(texts: list[str | None], expected: list[int] | None) -> None:
    columns = columns_of(len(texts), direction=texts)
    assert columns.is_usual == (expected is not None)
    assert expected is None or columns.direction == expected


number_texts = st.one_of(
    st.decimals(-1_000_000, 1_000_000, places=4).map(str),
    st.floats(-1e15, 1e15).map(repr),
    st.integers(-(10**17), 10**17).map(str),
    st.text("0123456789-.eE+", max_size=8),
)


@given(number_texts)
def test_numbers_are_those_of_the_standard_library(text: str) -> None:
    columns = columns_of(1, value=[text])
    if columns.is_usual:
        assert json.loads(text) == columns.value[0]
    elif text.lstrip("-").isdigit() and len(text) <= 15:
        assert text.startswith(("-0", "0"))
