"""Compiled reading of a JSON list of flat objects: where each value stands.

Only the usual form is read: names that are known, each once an object, texts without escapes, numbers without an
exponent. Anything else, also what is no JSON, is told apart and left to the slower reading, which knows all of JSON.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Ints, Mask
from history.base.compiled import BYTES, FLAGS, I64, compiled

Bytes = npt.NDArray[np.uint8]
SPANS: Final = types.int64[:, :, ::1]

BEGIN, END = range(2)  # of spans (2, fields, rows)
ABSENT: Final = -1  # the begin of a value that is missing or null
_NOT_PLAIN: Final = -1
_NOT_SEEN: Final = -2

_QUOTE, _COLON, _COMMA, _OPEN, _CLOSE, _LIST, _END_LIST = (ord(mark) for mark in '":,{}[]')
_MINUS, _DOT, _ESCAPE = (ord(mark) for mark in "-.\\")
_NULL: Final = np.frombuffer(b"null", dtype=np.uint8)


@compiled()
def _at(text: Bytes, i: int) -> int:
    """The byte at i, 0 beyond the end."""
    return int(text[i]) if i < len(text) else 0


@compiled()
def _skipped(text: Bytes, i: int) -> int:
    """The first place from i on that is no blank."""
    while i < len(text) and (text[i] == 32 or text[i] == 10 or text[i] == 13 or text[i] == 9):
        i += 1
    return i


@compiled()
def _text_end(text: Bytes, begin: int) -> int:
    """The place of the quote that ends the text from begin on; below 0 for a text with an escape or a control."""
    i = begin
    while i < len(text) and text[i] != _QUOTE:
        if text[i] == _ESCAPE or text[i] < 32:
            return _NOT_PLAIN
        i += 1
    return i if i < len(text) else _NOT_PLAIN


@compiled()
def _is_at(text: Bytes, begin: int, end: int, word: Bytes, first: int, last: int) -> bool:
    """True if text[begin:end] equals word[first:last]."""
    if end - begin != last - first:
        return False
    for i in range(last - first):  # noqa: SIM110 - numba compiles no generator
        if text[begin + i] != word[first + i]:
            return False
    return True


@compiled()
def _number_end(text: Bytes, begin: int) -> int:
    """The first place from begin on that is no part of a number without an exponent."""
    i = begin
    while i < len(text) and (48 <= text[i] <= 57 or text[i] == _MINUS or text[i] == _DOT):
        i += 1
    return i


@compiled()
def _named_field(text: Bytes, i: int, names: Bytes, name_start: Ints, likely: int) -> int:
    """The field whose name stands in quotes at i, below 0 for none; objects of one sender have them in one order."""
    k = len(name_start) - 1
    field = likely
    for _ in range(k):
        stop = i + 1 + name_start[field + 1] - name_start[field]
        if _at(text, stop) == _QUOTE and _is_at(
            text, i + 1, stop, names, name_start[field], name_start[field + 1]
        ):
            return field
        field = (field + 1) % k
    return _NOT_PLAIN


@compiled()
def _scan_value(text: Bytes, i: int, is_number: bool, is_needed: bool) -> tuple[int, int, int]:
    """Begin and end of the value at i, and the place behind it, which is below 0 if the value is not of the field."""
    if _at(text, i) == _QUOTE:
        stop = _text_end(text, i + 1)
        return i + 1, stop, _NOT_PLAIN if is_number or stop < 0 else stop + 1
    if i + 4 <= len(text) and _is_at(text, i, i + 4, _NULL, 0, 4):
        return ABSENT, 0, _NOT_PLAIN if is_needed else i + 4
    stop = _number_end(text, i)
    return i, stop, _NOT_PLAIN if stop == i or not is_number else stop


@compiled()
def _scan_object(
    text: Bytes, i: int, names: Bytes, name_start: Ints, is_number: Mask, is_needed: Mask,
    spans: Ints, row: int,
) -> int:  # fmt: skip
    """Writes where the values of the object at i stand; returns the place behind it, below 0 if it is not plain."""
    k, field = len(is_number), 0
    for f in range(k):
        spans[BEGIN, f, row] = _NOT_SEEN
    mark = _COMMA if _at(text, i) == _OPEN else 0
    while mark == _COMMA:
        i = _skipped(text, i + 1)
        field = _named_field(text, i, names, name_start, field) if _at(text, i) == _QUOTE else _NOT_PLAIN
        if field < 0 or spans[BEGIN, field, row] != _NOT_SEEN:
            return _NOT_PLAIN
        i = _skipped(text, i + 2 + name_start[field + 1] - name_start[field])
        if _at(text, i) != _COLON:
            return _NOT_PLAIN
        first, stop, i = _scan_value(text, _skipped(text, i + 1), is_number[field], is_needed[field])
        if i < 0:
            return _NOT_PLAIN
        spans[BEGIN, field, row], spans[END, field, row] = first, stop
        field = (field + 1) % k
        i = _skipped(text, i)
        mark = _at(text, i)
    for f in range(k):
        if spans[BEGIN, f, row] == _NOT_SEEN:
            if is_needed[f]:
                return _NOT_PLAIN
            spans[BEGIN, f, row] = ABSENT
    return i + 1 if mark == _CLOSE else _NOT_PLAIN


@compiled(types.int64(BYTES, BYTES, I64, FLAGS, FLAGS, SPANS))
def scan_rows(
    text: Bytes, names: Bytes, name_start: Ints, is_number: Mask, is_needed: Mask, spans: Ints
) -> int:
    """Writes where the value of each name stands in each object of a JSON list; returns the number of objects.

    names: those of all k fields one after the other, name_start (k + 1,); is_number and is_needed (k,), at least one of
    them needed; spans (2, k, room): begin and end without the quotes of texts, begin ABSENT for a value that is missing
    or null.
    Below 0 if the list is not of the usual form, or longer than the room.
    """
    i = _skipped(text, 0)
    if _at(text, i) != _LIST:
        return _NOT_PLAIN
    i = _skipped(text, i + 1)
    rows, mark = 0, _END_LIST if _at(text, i) == _END_LIST else _COMMA
    while mark == _COMMA:
        if rows == spans.shape[2]:
            return _NOT_PLAIN
        i = _scan_object(text, i, names, name_start, is_number, is_needed, spans, rows)
        if i < 0:
            return _NOT_PLAIN
        rows += 1
        i = _skipped(text, i)
        mark = _at(text, i)
        if mark == _COMMA:
            i = _skipped(text, i + 1)
    return rows if mark == _END_LIST and _skipped(text, i + 1) == len(text) else _NOT_PLAIN
