"""Interactions that SQLite wrote as JSON -> arrays, without an object for each value."""

import numpy as np
from numba import types

from history.base.arrays import Bytes, Codes, Floats, Ints
from history.base.compiled import BYTES, OUT_I64_2D, compiled

# What an integer column of `read_rows` holds.
ROW_NO, TIME_US, DELAY_US, KIND, CHANNEL, DIRECTION = range(6)
UNREAD = -1  # in place of a number of texts: the JSON is of another form
_OPEN, _CLOSE, _COMMA, _QUOTE, _ESCAPE, _MINUS, _ZERO, _NULL = (ord(character) for character in '[],"\\-0n')
_NULL_LENGTH = 4
# FNV-1a of 64 bits, by G. Fowler, L. C. Noll and K.-P. Vo.
_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_HALF = np.uint64(32)


@compiled()
def _integer(text: Bytes, at: int) -> tuple[int, int]:
    """The integer that begins at a place, and the place behind it."""
    is_negative = text[at] == _MINUS
    if is_negative:
        at += 1
    number = 0
    while at < len(text) and _ZERO <= text[at] <= _ZERO + 9:
        number = 10 * number - (int(text[at]) - _ZERO)  # below zero, where there is one number more
        at += 1
    return (number if is_negative else -number), at


@compiled()
def _end_of_text(text: Bytes, at: int) -> int:
    """The place behind the JSON text that begins at a place."""
    at += 1
    while at < len(text) and text[at] != _QUOTE:
        at += 2 if text[at] == _ESCAPE else 1
    return at + 1


@compiled()
def _is_equal(text: Bytes, one: int, one_end: int, other: int, other_end: int) -> bool:
    if one_end - one != other_end - other:
        return False
    for i in range(one_end - one):  # noqa: SIM110 - numba compiles no generator
        if text[one + i] != text[other + i]:
            return False
    return True


@compiled()
def _code(text: Bytes, start: int, stop: int, found: tuple[Ints, Codes, int]) -> int:
    """The code of a text among those found so far: the number of them for one that was not met before."""
    spans, slots, count = found
    key = _BASIS
    for i in range(start, stop):
        key = (key ^ np.uint64(text[i])) * _PRIME
    slot = np.int64((key ^ (key >> _HALF)) & np.uint64(len(slots) - 1))
    while slots[slot] >= 0:
        code = slots[slot]
        if _is_equal(text, spans[code, 0], spans[code, 1], start, stop):
            return int(code)
        slot = (slot + 1) & (len(slots) - 1)
    slots[slot] = count
    spans[count, 0], spans[count, 1] = start, stop
    return count


@compiled()
def _behind(text: Bytes, at: int) -> int:
    """The place behind the ends and beginnings of lists."""
    while at < len(text) and (text[at] == _OPEN or text[at] == _CLOSE or text[at] == _COMMA):
        at += 1
    return at


@compiled(types.int64(BYTES, OUT_I64_2D, types.float64[::1], OUT_I64_2D, types.int32[::1]))
def read_rows(text: Bytes, integers: Ints, hundredths: Floats, spans: Ints, slots: Codes) -> int:
    """Reads lists of rows and returns the number of distinct texts; UNREAD if the JSON is of another form.

    text: one list after the other, whose rows are [row_no, time_us, known_us - time_us, kind, channel, direction,
    hundredths]. integers (6, rows): the columns by name, of texts their codes, -1 for null. hundredths (rows,): NaN for
    null, infinite for a text. spans (2 rows, 2): the first place and the end of each distinct text, in JSON. slots: -1
    each, a power of two of them, more than twice the rows.
    """
    rows, at, count = integers.shape[1], 0, 0
    for row in range(rows):
        at = _behind(text, at)
        for column in range(DIRECTION + 2):
            if column:
                at += 1  # a comma
            if at >= len(text) or (column and text[at - 1] != _COMMA):
                return UNREAD
            start, number, hundredth = at, -1, np.nan
            if text[at] == _NULL:
                at += _NULL_LENGTH
            elif text[at] == _QUOTE:
                at, hundredth = _end_of_text(text, at), np.inf
                if column < DIRECTION:
                    number = _code(text, start, at, (spans, slots, count))
                    count = max(count, number + 1)
            else:
                number, at = _integer(text, at)
                hundredth = float(number)
            if at == start:
                return UNREAD
            if column <= DIRECTION:
                integers[column, row] = number
            else:
                hundredths[row] = hundredth
    return count if _behind(text, at) == len(text) else UNREAD
