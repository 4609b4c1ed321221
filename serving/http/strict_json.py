"""Bytes of a request body -> JSON value, refusing everything that two parsers could read differently."""

import json
from typing import Any

import msgspec

from serving.base.problems import Problem, error, invalid

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()


def read_json(body: bytes) -> Any:
    """The value of a UTF-8 JSON text without duplicate keys, NaN, infinities, huge numbers, NUL or lone surrogates.

    Raises Problem 422 otherwise. Two parsers share the work: msgspec reads the plain bodies that programs send;
    what it can't vouch for (escaped quotes, a key that it dropped) the standard library reads again with hooks.
    """
    try:
        value = _DECODER.decode(body)
        written = _ENCODER.encode(value)
        if (b"\\" not in written or _is_plain(body)) and body.count(b'"') == written.count(b'"'):
            return value
    except RecursionError:
        raise _refused("nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise _refused(_why(body)) from None
    return _read_slowly(body)


def _is_plain(body: bytes) -> bool:
    """No NUL and no quotes inside of texts: then all quotes stand around keys and texts, and a dropped key takes its
    own with it. What is written again without a backslash has neither.
    """
    return b"\\" not in body or not (b'\\"' in body or b"\\u0022" in body or b"\\u0000" in body)


def _read_slowly(body: bytes) -> Any:
    try:
        hook = _unique_and_clean if b"\\u" in body else _unique
        return json.loads(
            body.decode(), object_pairs_hook=hook, parse_constant=_constant, parse_float=_finite
        )
    except RecursionError:
        raise _refused("nested too deeply") from None
    except ValueError as problem:
        raise _refused(_reason(problem)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refusal("an object has the same key twice")
    return found


def _unique_and_clean(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, value in pairs:
        _check_text(key)
        _check_value(value)
    return _unique(pairs)


def _check_value(value: Any) -> None:
    if type(value) is str:
        _check_text(value)
    elif type(value) is list:
        for member in value:
            _check_value(member)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _Refusal("a text contains NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Refusal("a text contains half of a surrogate pair") from None


def _constant(name: str) -> float:
    raise _Refusal(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0.0:
        raise _Refusal("a number is too large")
    return number


class _Refusal(ValueError):
    """Why a text that looks like JSON is refused, in words that repeat nothing of it."""


def _reason(problem: ValueError) -> str:
    if isinstance(problem, _Refusal):
        return str(problem)
    if isinstance(problem, json.JSONDecodeError):
        return f"not JSON at character {problem.pos}"
    if isinstance(problem, UnicodeDecodeError):
        return f"not UTF-8 at byte {problem.start}"
    return "a number has too many digits"


def _why(body: bytes) -> str:
    """What the standard library says of a body that msgspec refused."""
    if not body:
        return "the body is empty"
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return "starts with a byte order mark; send UTF-8 without one"
    try:
        _read_slowly(body)
    except Problem as problem:
        return str(problem.errors[0]["msg"])
    return "not JSON that can be read exactly"


def _refused(msg: str) -> Problem:
    return invalid([error(["body"], msg)])
