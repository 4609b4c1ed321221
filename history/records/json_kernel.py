"""Compiled reading of a JSON list of flat objects: where each value stands, and columns of texts and numbers from it.

Only the usual form is read: names that are known, each once an object, texts without escapes, numbers without an
exponent. Anything else, also what is no JSON, is told apart and left to the slower reading, which knows all of JSON.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Codes, Flags, Floats, Ints, Mask
from history.base.compiled import I64, OUT_I64, compiled

Bytes = npt.NDArray[np.uint8]
BYTES: Final = types.Array(types.uint8, 1, "C", readonly=True)
MASK: Final = types.Array(types.boolean, 1, "C", readonly=True)
SPANS: Final = types.int64[:, ::1]

ABSENT: Final = -1  # the begin of a value that is missing or null
_NOT_PLAIN: Final = -1
_NOT_SEEN: Final = -2
_MOST_DISTINCT: Final = 200  # texts of a column that are sorted one by one

_QUOTE, _COLON, _COMMA, _OPEN, _CLOSE, _LIST, _END_LIST = (ord(mark) for mark in '":,{}[]')
_MINUS, _DOT, _ZERO, _ESCAPE = (ord(mark) for mark in "-.0\\")
_NULL: Final = np.frombuffer(b"null", dtype=np.uint8)

# Up to 15 digits and powers of ten up to 22 are exact floats, so that their ratio is the number, rounded once
# (W. Clinger 1990, How to read floating point numbers accurately).
_MOST_DIGITS: Final = 15
_POWERS: Final = np.array([10.0**power for power in range(_MOST_DIGITS + 1)])
_PRIME, _BASIS = np.uint64(1_099_511_628_211), np.uint64(14_695_981_039_346_656_037)  # FNV-1a


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
    begin: Ints, end: Ints, row: int,
) -> int:  # fmt: skip
    """Writes where the values of the object at i stand; returns the place behind it, below 0 if it is not plain."""
    k, field = len(is_number), 0
    for f in range(k):
        begin[f, row] = _NOT_SEEN
    mark = _COMMA if _at(text, i) == _OPEN else 0
    while mark == _COMMA:
        i = _skipped(text, i + 1)
        field = _named_field(text, i, names, name_start, field) if _at(text, i) == _QUOTE else _NOT_PLAIN
        if field < 0 or begin[field, row] != _NOT_SEEN:
            return _NOT_PLAIN
        i = _skipped(text, i + 2 + name_start[field + 1] - name_start[field])
        if _at(text, i) != _COLON:
            return _NOT_PLAIN
        first, stop, i = _scan_value(text, _skipped(text, i + 1), is_number[field], is_needed[field])
        if i < 0:
            return _NOT_PLAIN
        begin[field, row], end[field, row] = first, stop
        field = (field + 1) % k
        i = _skipped(text, i)
        mark = _at(text, i)
    for f in range(k):
        if begin[f, row] == _NOT_SEEN:
            if is_needed[f]:
                return _NOT_PLAIN
            begin[f, row] = ABSENT
    return i + 1 if mark == _CLOSE else _NOT_PLAIN


@compiled(types.int64(BYTES, BYTES, I64, MASK, MASK, SPANS, SPANS))
def scan_rows(
    text: Bytes, names: Bytes, name_start: Ints, is_number: Mask, is_needed: Mask, begin: Ints, end: Ints
) -> int:
    """Writes where the value of each name stands in each object of a JSON list; returns the number of objects.

    names: those of all k fields one after the other, name_start (k + 1,); is_number and is_needed (k,), at least one of
    them needed; begin and end (k, room) without the quotes of texts, begin ABSENT for a value that is missing or null.
    Below 0 if the list is not of the usual form, or longer than the room.
    """
    i = _skipped(text, 0)
    if _at(text, i) != _LIST:
        return _NOT_PLAIN
    i = _skipped(text, i + 1)
    rows, mark = 0, _END_LIST if _at(text, i) == _END_LIST else _COMMA
    while mark == _COMMA:
        if rows == begin.shape[1]:
            return _NOT_PLAIN
        i = _scan_object(text, i, names, name_start, is_number, is_needed, begin, end, rows)
        if i < 0:
            return _NOT_PLAIN
        rows += 1
        i = _skipped(text, i)
        mark = _at(text, i)
        if mark == _COMMA:
            i = _skipped(text, i + 1)
    return rows if mark == _END_LIST and _skipped(text, i + 1) == len(text) else _NOT_PLAIN


@compiled()
def _code_texts(text: Bytes, begin: Ints, end: Ints, codes: Codes, first: Ints) -> int:
    """Gives equal texts at text[begin:end] equal codes (n,), from 0 in the order of their first rows; -1 if absent.

    first (n,) gets the row of each code's first text. Returns the number of codes.
    """
    n = len(codes)
    size = 16
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, dtype=np.int64)
    count = 0
    for i in range(n):
        codes[i] = -1
        if begin[i] < 0:
            continue
        key = _BASIS
        for j in range(begin[i], end[i]):
            key = (key ^ np.uint64(text[j])) * _PRIME
        place = np.int64(key % np.uint64(size))
        while table[place] >= 0:
            row = first[table[place]]
            if _is_at(text, begin[i], end[i], text, begin[row], end[row]):
                break
            place = (place + 1) % size
        if table[place] < 0:
            table[place] = count
            first[count] = i
            count += 1
        codes[i] = table[place]
    return count


@compiled()
def _is_before(text: Bytes, begin: int, end: int, other: int, other_end: int) -> bool:
    """True if text[begin:end] comes before text[other:other_end] by its bytes, which in UTF-8 is by its characters."""
    i = 0
    while begin + i < end and other + i < other_end:
        if text[begin + i] != text[other + i]:
            return bool(text[begin + i] < text[other + i])
        i += 1
    return end - begin < other_end - other


@compiled()
def _sort_texts(text: Bytes, begin: Ints, end: Ints, codes: Codes, first: Ints, count: int) -> None:
    """Renumbers the codes in the order of their texts, and `first` with them."""
    order = np.arange(count)
    for i in range(1, count):  # few: the kinds or channels of one lead
        j = i
        while j > 0 and _is_before(
            text,
            begin[first[order[j]]],
            end[first[order[j]]],
            begin[first[order[j - 1]]],
            end[first[order[j - 1]]],
        ):
            order[j], order[j - 1] = order[j - 1], order[j]
            j -= 1
    place, old = np.empty(count, dtype=np.int32), first[:count].copy()
    for i in range(count):
        place[order[i]] = i
        first[i] = old[order[i]]
    for i in range(len(codes)):
        if codes[i] >= 0:
            codes[i] = place[codes[i]]


@compiled(types.int64(BYTES, I64, I64, types.int32[::1], OUT_I64))
def text_codes(text: Bytes, begin: Ints, end: Ints, codes: Codes, first: Ints) -> int:
    """Codes (n,) of the texts at text[begin:end] in the order of the distinct ones, -1 for an absent one.

    first (n,) gets a row with the text of each code. Returns the number of codes, below 0 if there are too many.
    """
    count = _code_texts(text, begin, end, codes, first)
    if count > _MOST_DISTINCT:
        return _NOT_PLAIN
    _sort_texts(text, begin, end, codes, first, count)
    return count


@compiled(types.boolean(BYTES, I64, I64, types.int64))
def has_equal_texts(text: Bytes, begin: Ints, end: Ints, n: int) -> bool:
    """True if two of the first n texts at text[begin:end] are equal."""
    present = 0
    for i in range(n):
        present += begin[i] >= 0
    return _code_texts(text, begin, end, np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int64)) < present


@compiled()
def _decimal(text: Bytes, begin: int, end: int) -> float:
    """The number that JSON writes as text[begin:end]; NaN for any other text, and for what needs more than one step.

    That are more than fifteen digits, and a zero with a sign.
    """
    first = begin + (_at(text, begin) == _MINUS)
    mantissa, digits, point = 0, 0, end
    for i in range(first, end):
        if text[i] == _DOT and point == end:
            point = i
        elif 48 <= text[i] <= 57 and digits < _MOST_DIGITS:
            mantissa = mantissa * 10 + int(np.int64(text[i])) - 48
            digits += 1
        else:
            return np.nan
    has_useless_zero = point > first + 1 and text[first] == _ZERO
    if point == first or point == end - 1 or has_useless_zero or (first > begin and mantissa == 0):
        return np.nan
    number = float(mantissa / _POWERS[max(end - point - 1, 0)])
    return -number if first > begin else number


@compiled(types.boolean(BYTES, I64, I64, BYTES, I64, types.int8[::1]))
def read_words(text: Bytes, begin: Ints, end: Ints, words: Bytes, word_start: Ints, out: Flags) -> bool:
    """Writes the number of the word (n,) at text[begin:end], from 1, 0 where absent; False for another word.

    words: all of them one after the other, word_start (words + 1,).
    """
    for i in range(len(out)):
        out[i] = 0
        if begin[i] < 0:
            continue
        for j in range(len(word_start) - 1):
            if _is_at(text, begin[i], end[i], words, word_start[j], word_start[j + 1]):
                out[i] = j + 1
        if out[i] == 0:
            return False
    return True


@compiled(types.boolean(BYTES, I64, I64, types.float64, types.float64[::1]))
def read_numbers(text: Bytes, begin: Ints, end: Ints, largest: float, out: Floats) -> bool:
    """Writes the numbers (n,) at text[begin:end], NaN where absent; False if one is too large or of another form."""
    for i in range(len(out)):
        out[i] = np.nan
        if begin[i] >= 0:
            out[i] = _decimal(text, begin[i], end[i])
            if not abs(out[i]) <= largest:
                return False
    return True
