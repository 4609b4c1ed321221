"""Strict JSON: refuses every body that two parsers could read differently (RFC 8259 leaves duplicate keys open)."""

import json
from typing import Any

import msgspec

from serving.base.problems import Problem, error, invalid

BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # UTF-8, UTF-16 little and big endian

_TELLING = 64  # bytes that mostly tell where a longer part of a body begins

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()


def read_json(body: bytes) -> Any:
    """The value of a UTF-8 JSON text without duplicate keys, NaN, infinities, huge numbers, NUL or lone surrogates.

    Raises Problem 422 otherwise. msgspec reads most bodies, but keeps the last of duplicate keys. Encoding the value
    again shows a dropped key by its missing quotes; a body whose texts contain quotes is ambiguous and is read again
    by the standard library, with hooks.
    """
    try:
        value = _DECODER.decode(body)
        if _is_whole(value, body):
            return value
    except RecursionError:
        raise _refused("nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise _refused(_reason_of(body)) from None
    return _read_with_hooks(body)


def read_valid(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any | None:
    """The value of `read_json` if it is of the decoder's type, without a key that this lacks; else None.

    It checks while it reads; `read_json` and a check of its value say what is wrong with any other body.
    """
    value = _decoded(body, decoder)
    return value if value is not None and _is_whole(value, body) else None


def read_valid_but(key: str, body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any | None:
    """`read_valid` with a decoder that leaves the value of one key as JSON: its bytes are checked by their reader.

    Of a body without that key it is `read_valid`.
    """
    value = _decoded(body, decoder)
    if value is None:
        return None
    if key not in value:
        return value if _is_whole(value, body) else None
    unread = bytes(value[key])
    at = body.find(unread[:_TELLING])
    if not body.startswith(unread, at) or not _is_whole(
        {**value, key: ()}, body[:at] + body[at + len(unread) :]
    ):
        return None
    value[key] = unread
    return value


def _decoded(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any | None:
    """The value of the decoder's type; None for any other body."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None


def _is_whole(value: Any, body: bytes) -> bool:
    """True if the value has every key and text of the body; False also for a body whose quotes do not tell."""
    encoded = _ENCODER.encode(value)
    return (b"\\" not in encoded or _has_plain_texts(body)) and body.count(b'"') == encoded.count(b'"')


def _has_plain_texts(body: bytes) -> bool:
    """True if no text contains NUL or a quote: then every quote of the body delimits a key or a text."""
    return b"\\" not in body or not (b'\\"' in body or b"\\u0022" in body or b"\\u0000" in body)


def _read_with_hooks(body: bytes) -> Any:
    """The value by the standard library, with duplicate keys, NUL and the like refused; raises Problem 422."""
    hook = _unique_and_clean if b"\\u" in body else _unique
    try:
        return json.loads(
            body.decode(), object_pairs_hook=hook, parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise _refused("nested too deeply") from None
    except ValueError as problem:
        raise _refused(_message(problem)) from None


class _Refusal(ValueError):
    """Valid for the standard library, refused here; the message repeats nothing of the body."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refusal("an object has the same key twice")
    return members


def _unique_and_clean(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, value in pairs:
        _check_text(key)
        _check_value(value)
    return _unique(pairs)


def _check_value(value: Any) -> None:
    """Checks texts; objects inside have been checked by their own hook."""
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


def _refuse_constant(name: str) -> float:
    raise _Refusal(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0.0:
        raise _Refusal("a number is too large")
    return number


def _reason_of(body: bytes) -> str:
    """Why msgspec refused a body, in the words of the slower reading."""
    if not body:
        return "the body is empty"
    if body.startswith(BYTE_ORDER_MARKS):
        return "starts with a byte order mark; send UTF-8 without one"
    try:
        _read_with_hooks(body)
    except Problem as problem:
        return str(problem.errors[0]["msg"])
    return "not JSON that can be read exactly"


def _message(problem: ValueError) -> str:
    if isinstance(problem, _Refusal):
        return str(problem)
    if isinstance(problem, json.JSONDecodeError):
        return f"not JSON at character {problem.pos}"
    if isinstance(problem, UnicodeDecodeError):
        return f"not UTF-8 at byte {problem.start}"
    return "a number has too many digits"


def _refused(message: str) -> Problem:
    return invalid([error(["body"], message)])
