"""JSON that two parsers could read differently is refused; other JSON reads as by the standard library."""

import json
import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.base.problems import Problem
from serving.http.strict_json import read_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)
OBJECTS = st.dictionaries(TEXT, VALUES)


@given(
    OBJECTS,
    st.sampled_from([None, 1]),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
)
def test_any_json_style_reads_as_the_standard_library_reads_it(
    value: dict[str, Any], indent: int | None, ascii_only: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators)
    read = read_json(text.encode())
    assert json.dumps(read) == json.dumps(json.loads(text))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_every_bit(number: float) -> None:
    assert read_json(b'{"n":' + repr(number).encode() + b"}")["n"].hex() == number.hex()


@given(TEXT, SCALARS, SCALARS, st.sampled_from(["", " ", "\n", "\t"]), st.booleans())
def test_a_duplicate_key_is_refused_in_every_spelling(
    key: str, one: Any, two: Any, space: str, nested: bool
) -> None:
    twice = f"{{{json.dumps(key)}{space}:{json.dumps(one)},{json.dumps(key, ensure_ascii=False)}:{json.dumps(two)}}}"
    body = f'{{"outer":[{twice}],"other":1}}' if nested else twice
    with pytest.raises(Problem, match="one problem"):
        read_json(body.encode())


def test_a_duplicate_key_behind_escaped_quotes_is_found() -> None:
    with pytest.raises(Problem):
        read_json(rb'{"a":"\u0022\u0022","a":"\u0022\u0022"}')


def test_a_duplicate_key_behind_a_text_of_colons_is_found() -> None:
    with pytest.raises(Problem):
        read_json(rb'{"a" :1,"a":2,"b":"\":"}')


BAD = {
    "empty": b"",
    "not json": b"lead",
    "trailing": b"{}{}",
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "overflow": b'{"a":1e400}',
    "overflow behind an escape": b'{"a\\n":1e400}',
    "5000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "5000 digits behind an escape": b'{"a\\n":' + b"9" * 5000 + b"}",
    "leading zero": b'{"a":01}',
    "depth": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "depth of lists": b"[" * 100_000 + b"]" * 100_000,
    "lone surrogate": b'{"a":"\\ud800"}',
    "lone surrogate in a key": b'{"\\udc00x":1}',
    "lone surrogate in a list": b'{"a":["\\ud800x"]}',
    "raw surrogate": b'{"a":"\xed\xa0\x80"}',
    "escaped nul": b'{"a":"\\u0000"}',
    "raw nul": b'{"a":"\0"}',
    "nul in a nested list": b'{"a":[["\\u0000"]]}',
    "control character": b'{"a":"\x01"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"),
    "utf-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "latin-1": b'{"a":"\xe9"}',
    "single quotes": b"{'a':1}",
    "comment": b"{} // x",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_other_texts_are_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read_json(body)
    assert caught.value.status == 422
    assert [e["loc"] for e in caught.value.errors] == [["body"]]
    assert caught.value.errors[0]["msg"]


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_problem(body: bytes) -> None:
    with suppress(Problem):
        value = read_json(body)
        assert not isinstance(value, float) or math.isfinite(value)


@given(
    st.lists(
        st.sampled_from(["\\ud800", "\\uDBFF", "\\udc00", "\\uDFFF", "\\u0041", "x", "\\n", "é"]), max_size=5
    )
)
def test_half_a_surrogate_pair_is_refused_anywhere(parts: list[str]) -> None:
    text = '{"a":"' + "".join(parts) + '"}'
    expected = json.loads(text)
    try:
        expected["a"].encode()
    except UnicodeEncodeError:
        with pytest.raises(Problem):
            read_json(text.encode())
    else:
        assert read_json(text.encode()) == expected


def test_an_escaped_key_is_the_same_key() -> None:
    with pytest.raises(Problem):
        read_json(b'{"a":1,"\\u0061":2}')


def test_a_surrogate_pair_is_one_character() -> None:
    assert read_json(b'{"a":"\\ud83d\\ude00"}') == {"a": "😀"}
