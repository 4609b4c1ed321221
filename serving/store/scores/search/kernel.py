"""A text in the texts of many rows that stand one after the other in memory."""

import numpy as np
from numba import types

from history.base.arrays import Bytes, Ints, Mask
from history.base.compiled import BYTES, FLAGS, I64, OUT_I64, compiled

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
def _next_place(
    text: Bytes, place: int, stop: int, rare: tuple[int, int], bytes_there: tuple[int, int]
) -> int:
    """The first place up to before `stop` that has both bytes; `stop` without one."""
    first, second = text[place + rare[0] :], text[place + rare[1] :]
    # Over slices from 0 on: numba checks an index that might be negative.
    for i in range(stop - place):
        if first[i] == bytes_there[0] and second[i] == bytes_there[1]:
            return place + i
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
    while place <= end:
        stop = min(place + _BLOCK, end + 1)
        if place + _BLOCK + length <= len(text) and not _may_begin(
            text, place + near, place + far, one, other
        ):
            place = stop
            continue
        while place < stop:
            place = _next_place(text, place, stop, (near, far), (one, other))
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
