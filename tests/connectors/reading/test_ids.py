"""Ids: cells of several, decimal forms of whole numbers, and survivors through chains of merges."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.reading.ids import (
    Ids,
    are_no_ids,
    are_rounded,
    ids_in_cell,
    is_id_name,
    survivors_of,
    whole_ids,
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [(None, []), ("", []), ("1", ["1"]), ("1;2", ["1", "2"]), ('["1", "2"]', ["1", "2"]), ("12.0", ["12"]),
     ("1:1571234567890;2:1571234567891", ["1", "2"]), (" a , b ", ["a", "b"])],
)  # fmt: skip
def test_ids_of_a_cell(text: str | None, ids: list[str]) -> None:
    assert ids_in_cell(text) == ids


def test_whole_number_that_became_decimal_is_itself() -> None:
    assert whole_ids(pa.array(["123.0", "123", "1.5", "a.0", None])).to_pylist() == [
        "123",
        "123",
        "1.5",
        "a.0",
        None,
    ]


def test_words_and_signs_stand_for_no_id() -> None:
    ids = pa.array(["null", "N/A", "-", "?", "\0", "00Q", "7", "é", None])
    assert are_no_ids(ids).tolist() == [True] * 5 + [False] * 4


def test_place_of_an_id_is_that_of_its_survivor() -> None:
    ids = Ids(["a", "b"], {"old": "b", "older": "gone", "a": "b"})
    assert ids.places(pa.array(["a", "b", "old", "older", "x", None])).tolist() == [0, 1, 1, -1, -1, -1]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=8))
def test_survivor_follows_the_chain_and_every_circle_ends(pairs: list[tuple[str, str]]) -> None:
    direct = {old: new for old, new in pairs if old != new}
    for old, survivor in survivors_of(pairs).items():
        assert survivor != old
        reached, steps = direct[old], 0
        while reached != survivor and steps < 9:
            reached, steps = direct[reached], steps + 1
        assert reached == survivor


def test_last_survivor_of_a_chain_counts() -> None:
    assert survivors_of([("b", "c"), ("a", "b")]) == {"a": "c", "b": "c"}


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        ("2.19E+10", True),
        ("2,19E+10", True),
        ("9e+15", True),
        ("21900000001", False),
        ("2.19", False),
        (None, False),
    ],
)
def test_rounded_ids_are_recognised(text: str | None, rounded: bool) -> None:
    assert are_rounded(pa.array([text], pa.string())).tolist() == [rounded]


@pytest.mark.parametrize("name", ["Id", "id", "OpportunityId", "deal_id", "Record ID", "Associated Deal IDs"])
def test_names_of_ids(name: str) -> None:
    assert is_id_name(name)


@pytest.mark.parametrize("name", ["paid", "Amount Paid", "valid", "amount", "identity", "bid"])
def test_other_names_are_none_of_ids(name: str) -> None:
    assert not is_id_name(name)
