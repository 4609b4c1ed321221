"""Query strings: readers, unknown keys, and all problems at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.base.problems import Problem
from serving.http.queries import MAX_QUERY, Reader, one_of, optional, read_query, read_text, whole_number

READERS: dict[str, Reader] = {
    "order": one_of(("size", "age")),
    "grade": optional(one_of("ABCD", ignore_case=True)),
    "limit": whole_number(1, 1_000),
    "as_of": read_text,
}


def errors(raw: str) -> dict[str, str]:
    """The message under each key."""
    with pytest.raises(Problem) as caught:
        read_query(raw.encode(), READERS)
    assert caught.value.status == 422
    return {entry["loc"][-1]: entry["msg"] for entry in caught.value.errors}


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("", {}),
        ("order=age&limit=1000", {"order": "age", "limit": 1000}),
        ("grade=b", {"grade": "B"}),
        ("grade=", {"grade": None}),
        ("as_of=a+b%2Bc", {"as_of": "a b+c"}),
    ],
)
def test_known_keys_are_read(raw: str, values: dict[str, Any]) -> None:
    assert read_query(raw.encode(), READERS) == values


def test_every_problem_is_reported_at_once() -> None:
    assert errors("order=x&grade=Z&limit=0&as_of=1&as_of=2&limt=3&colour=red") == {
        "order": "expected size, age",
        "grade": "expected A, B, C, D",
        "limit": "expected a whole number from 1 to 1000",
        "as_of": "given twice",
        "limt": "unknown key; did you mean limit?",
        "colour": "unknown key; expected order, grade, limit, as_of",
    }


@pytest.mark.parametrize("key", ["utm_source", "utm_", "gclid", "fbclid", "msclkid", "_hsenc", "_hsmi"])
def test_tracking_keys_are_passed_over(key: str) -> None:
    assert read_query(f"{key}=1&{key}=2&limit=3".encode(), READERS) == {"limit": 3}


def test_a_call_without_options_says_so() -> None:
    with pytest.raises(Problem) as caught:
        read_query(b"x=1", {})
    assert caught.value.errors == [{"loc": ["query", "x"], "msg": "unknown key; this call takes none"}]


@pytest.mark.parametrize(
    "raw", [b"%ff=1", b"a=%ff", b"a=" + b"x" * MAX_QUERY, "é=1".encode(), b"&".join([b"a=1"] * 101)]
)
def test_an_unreadable_query_string_is_refused(raw: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_query(raw, READERS)
    assert caught.value.errors[0]["loc"] == ["query"]


@given(st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_whole_numbers_are_plain_ascii_digits(text: str, least: int, more: int) -> None:
    """Every accepted text is the number, perhaps with leading zeros, and within the bounds."""
    most = least + more
    try:
        number = whole_number(least, most)(text)
    except ValueError:
        return
    assert text.lstrip("0") == str(number).lstrip("0")
    assert least <= number <= most
