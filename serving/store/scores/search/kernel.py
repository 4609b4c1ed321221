"""A text in the texts of many rows that stand one after the other in memory."""

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Bytes, Ints, Mask
from history.base.compiled import BYTES, FLAGS, I64, OUT_I64, compiled

Words = npt.NDArray[np.uint64]

_BLOCK = 64  # places that are compared at once; 32 take ten times as long, since no vector instructions come of them


@compiled()
def _may_begin(text: Bytes, near: int, far: int, one: int, other: int) -> bool:
    """True if one of _BLOCK places has the byte `one` at `near` and the byte `other` at `far`."""
    first, second = text[near : near + _BLOCK], text[far : far + _BLOCK]
    least = np.uint8(255)
    # Without a way out in between, which would need a branch for each place.
    for i in range(_BLOCK):
        least = min(least, np.uint8((first[i] ^ one) | (second[i] ^ other)))
    return bool(least == np.uint8(0))


@compiled()
def _mark(text: Bytes, near: int, far: int, one: int, other: int, marks: Bytes, count: int) -> None:
    """Sets each of the first `count` marks to 1 if its place has both bytes, else to 0."""
    first, second, of_places = text[near : near + count], text[far : far + count], marks[:count]
    for i in range(count):
        of_places[i] = np.uint8(((first[i] ^ one) | (second[i] ^ other)) == 0)


@compiled()
def _next_mark(marks: Bytes, words: Words, at: int, stop: int) -> int:
    """The first mark that is set, from `at` to before `stop`; `stop` without one. words: the marks by eight."""
    while at < stop:
        if at % 8 == 0 and words[at // 8] == 0:
            at += 8
        elif marks[at]:
            return at
        else:
            at += 1
    return stop


@compiled()
def _is_at(text: Bytes, place: int, needle: Bytes) -> bool:
    equal = 0
    while equal < len(needle) and text[place + equal] == needle[equal]:
        equal += 1
    return equal == len(needle)


@compiled()
def _rows_of_span(
    text: Bytes,
    starts: Ints,
    span: tuple[int, int],
    needle: Bytes,
    rare: tuple[int, int],
    rows: Ints,
    count: int,
) -> int:
    """`rows_with` of the rows from span[0] to before span[1], all of them wanted, after `count` rows before."""
    length, (row, row_end), (near, far) = len(needle), span, rare
    one, other, place, end = needle[near], needle[far], starts[row], starts[row_end] - length
    marks = np.zeros(_BLOCK, dtype=np.uint8)
    words = marks.view(np.uint64)
    while place <= end:
        block, stop = place, min(place + _BLOCK, end + 1)
        if block + _BLOCK + length <= len(text) and not _may_begin(
            text, block + near, block + far, one, other
        ):
            place = stop
            continue
        _mark(text, block + near, block + far, one, other, marks, stop - block)
        while place < stop:
            place = block + _next_mark(marks, words, place - block, stop - block)
            if place == stop:
                break
            if not _is_at(text, place, needle):
                place += 1
                continue
            while starts[row + 1] <= place:
                row += 1
            if place + length > starts[row + 1]:  # across two rows
                place += 1
                continue
            rows[count] = row
            count += 1
            place = starts[row + 1]
    return count


@compiled(types.int64(BYTES, I64, I64, FLAGS, BYTES, types.UniTuple(types.int64, 2), OUT_I64))
def rows_with(
    text: Bytes, starts: Ints, group: Ints, wanted: Mask, needle: Bytes, rare: tuple[int, int], rows: Ints
) -> int:
    """Writes the rows that have the needle, ascending, into `rows` and returns their number.

    text: of all rows; row i from starts[i] to starts[i + 1]. group (rows,): its number in `wanted`; other rows are
    passed over. needle: not empty. rare: two places in it whose bytes are rare, the rarer one first.
    """
    count, row = 0, 0
    while row < len(group):
        row_end = row
        while row_end < len(group) and wanted[group[row_end]]:
            row_end += 1
        if row_end > row:
            count = _rows_of_span(text, starts, (row, row_end), needle, rare, rows, count)
        row = row_end + 1
    return count
