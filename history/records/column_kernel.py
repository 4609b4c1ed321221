"""Compiled columns of the rows that `json_kernel` has found: times, codes of texts, words and numbers.

One file, since kernels call functions of their own file only (history/base/compiled.py), and one call, since each costs
a request some microseconds.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import types

from history.base.arrays import Codes, Flags, Floats, Ints
from history.base.compiled import BYTES, I64, OUT_I64, compiled
from history.text.times import EARLIEST_US, LATEST_US

Bytes = npt.NDArray[np.uint8]

# Fields of the spans (2, fields, rows) that `read_columns` reads, and the rows of its times and codes.
OWN_TIME, RECORDED, ID, KIND, CHANNEL, DIRECTION, VALUE = range(7)
TIME, KNOWN = range(2)
KINDS, CHANNELS = range(2)

_NO_TIME: Final = -(2**62)
UNUSUAL: Final = -1
_BEGIN, _END = range(2)
_MOST_DISTINCT: Final = 200  # texts of a column that are sorted one by one
_NEWLINE, _DOT, _DASH, _COLON, _PLUS, _ZERO, _T, _Z = (ord(mark) for mark in "\n.-:+0TZ")

# Up to 15 digits and powers of ten up to 22 are exact floats, so that their ratio is the number, rounded once
# (W. Clinger 1990, How to read floating point numbers accurately).
_MOST_DIGITS: Final = 15
_POWERS: Final = np.array([10.0**power for power in range(_MOST_DIGITS + 1)])
_PRIME, _BASIS = np.uint64(1_099_511_628_211), np.uint64(14_695_981_039_346_656_037)  # FNV-1a


@compiled()
def _number(text: Bytes, begin: int, end: int) -> int:
    """The number of the digits, below 0 if one of the characters is not a digit."""
    number = 0
    for i in range(begin, end):
        digit = np.int64(text[i]) - 48
        if digit < 0 or digit > 9:
            return -1_000_000
        number = int(10 * number + digit)
    return number


@compiled()
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date, below -1,000,000 if it does not exist (days_from_civil, Howard Hinnant).

    features/calendar.py explains the formula and compiles its own copy: numba's cache of a kernel does not notice a
    change in a function of another file. `test_timestamps.py` holds both to the standard library.
    """
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = 28 + leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    if year < 1 or month < 1 or month > 12 or day < 1 or day > longest:
        return -2_000_000
    y = year - 1 if month <= 2 else year
    of_era = y % 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return y // 400 * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled()
def _clock(text: Bytes, at: int) -> int:
    """The seconds of the wall clock 2026-01-31T09:30:00 at this place, `_NO_TIME` for anything else."""
    if text[at + 4] != _DASH or text[at + 7] != _DASH or text[at + 10] != _T:
        return _NO_TIME
    if text[at + 13] != _COLON or text[at + 16] != _COLON:
        return _NO_TIME
    day = _days(_number(text, at, at + 4), _number(text, at + 5, at + 7), _number(text, at + 8, at + 10))
    hour, minute = _number(text, at + 11, at + 13), _number(text, at + 14, at + 16)
    second = _number(text, at + 17, at + 19)
    if day < -1_000_000 or min(hour, minute, second) < 0 or hour > 23 or minute > 59 or second > 59:
        return _NO_TIME
    return int(((day * 24 + hour) * 60 + minute) * 60 + second)


@compiled()
def _offset(text: Bytes, begin: int, end: int) -> int:
    """The seconds that a wall clock is ahead of UTC by its zone, `_NO_TIME` for anything else than Z or +01:00."""
    if end - begin == 1 and text[begin] == _Z:
        return 0
    if end - begin != 6 or text[begin + 3] != _COLON or (text[begin] != _PLUS and text[begin] != _DASH):
        return _NO_TIME
    hours, minutes = _number(text, begin + 1, begin + 3), _number(text, begin + 4, begin + 6)
    if min(hours, minutes) < 0 or hours > 23 or minutes > 59:
        return _NO_TIME
    seconds = (hours * 60 + minutes) * 60
    return int(-seconds if text[begin] == _DASH else seconds)


@compiled()
def _instant(text: Bytes, begin: int, end: int) -> int:
    """The instant of a plain time in microseconds, `_NO_TIME` for anything else (see `read_columns`)."""
    if end - begin < 20:
        return _NO_TIME
    clock, zone, fraction = _clock(text, begin), begin + 19, 0
    if text[zone] == _DOT:
        first = zone + 1
        zone, scale = first, 1_000_000
        while zone < end and 48 <= text[zone] <= 57:
            scale //= 10
            fraction += (int(np.int64(text[zone])) - 48) * scale
            zone += 1
        if zone in (first, end) or zone - first > 6:
            return _NO_TIME
    offset = _offset(text, zone, end)
    if clock == _NO_TIME or offset == _NO_TIME:
        return _NO_TIME
    return int((clock - offset) * 1_000_000 + fraction)


@compiled(types.boolean(BYTES, OUT_I64))
def read_lines(text: Bytes, out: Ints) -> bool:
    """Writes the instants of as many plain times as `out` (n,) has places, a line each; False for any other text.

    Plain as in `read_columns`.
    """
    begin = 0
    for i in range(len(out)):
        end = begin
        while end < len(text) and text[end] != _NEWLINE:
            end += 1
        out[i] = _instant(text, begin, end)
        if out[i] < EARLIEST_US or out[i] > LATEST_US:
            return False
        begin = end + 1
    return begin == len(text) + 1


@compiled()
def _is_word(text: Bytes, begin: int, end: int, words: Bytes, first: int, last: int) -> bool:
    """True if text[begin:end] equals words[first:last]."""
    if end - begin != last - first:
        return False
    for i in range(last - first):  # noqa: SIM110 - numba compiles no generator
        if text[begin + i] != words[first + i]:
            return False
    return True


@compiled()
def _code_texts(text: Bytes, begin: Ints, end: Ints, codes: Ints, first: Ints) -> int:
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
            if _is_word(text, begin[i], end[i], text, begin[row], end[row]):
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
def _sort_texts(text: Bytes, begin: Ints, end: Ints, codes: Ints, first: Ints, count: int) -> None:
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
    place, old = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for i in range(count):
        place[order[i]] = i
        old[i] = first[i]
    for i in range(count):
        first[i] = old[order[i]]
    for i in range(len(codes)):
        if codes[i] >= 0:
            codes[i] = place[codes[i]]


@compiled()
def _decimal(text: Bytes, begin: int, end: int) -> float:
    """The number that JSON writes as text[begin:end]; NaN for any other text, and for what needs more than one step.

    That are more than fifteen digits, and a zero with a sign.
    """
    first = begin + (begin < end and text[begin] == _DASH)
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


@compiled()
def _read_times(text: Bytes, spans: Ints, times: Ints) -> bool:
    """Writes the times of all rows in the order of the list; False if one is not plain, or not from 1990 to 9999."""
    begin, end = spans[_BEGIN], spans[_END]
    for i in range(times.shape[1]):
        latest = _NO_TIME
        for field in range(OWN_TIME, RECORDED + 1):
            if begin[field, i] < 0:
                continue
            us = _instant(text, begin[field, i], end[field, i])
            if us < EARLIEST_US or us > LATEST_US:
                return False
            if field == OWN_TIME:
                times[TIME, i] = us
            latest = max(latest, us)
        times[KNOWN, i] = latest
    return True


@compiled()
def _merge(keys: Ints, rows: Ints, begin: int, middle: int, end: int, out: Ints) -> None:
    """Writes the rows of begin:middle and middle:end, each in the order of their keys, as one; ties stay."""
    i, j = begin, middle
    for place in range(begin, end):
        if j == end or (i < middle and keys[rows[i]] <= keys[rows[j]]):
            out[place] = rows[i]
            i += 1
        else:
            out[place] = rows[j]
            j += 1


@compiled()
def _put_in_order(times: Ints, order: Ints, scratch: Ints) -> None:
    """Sorts the times, ties as in the list; order (rows,) gets each row's place in the list; scratch (2, rows)."""
    n, is_sorted = len(order), True
    for i in range(n):
        order[i] = i
        is_sorted &= i == 0 or times[TIME, i - 1] <= times[TIME, i]
    width = n if is_sorted else 1
    while width < n:
        for begin in range(0, n, 2 * width):
            middle, end = min(begin + width, n), min(begin + 2 * width, n)
            _merge(times[TIME], order, begin, middle, end, scratch[0])
        for i in range(n):
            order[i] = scratch[0, i]
        width *= 2
    if is_sorted:
        return
    for i in range(n):
        scratch[TIME, i], scratch[KNOWN, i] = times[TIME, i], times[KNOWN, i]
    for i in range(n):
        times[TIME, i], times[KNOWN, i] = scratch[TIME, order[i]], scratch[KNOWN, order[i]]


@compiled()
def _read_texts(
    text: Bytes, spans: Ints, order: Ints, scratch: Ints, codes: Codes, lines: Bytes, ends: Ints
) -> bool:
    """Writes codes, lines and ends of kinds and channels; False for too many texts, or an id twice.

    scratch (2, rows).
    """
    first, listed, written = scratch[0], scratch[1], 0
    for field in range(ID, CHANNEL + 1):
        begin, end = spans[_BEGIN, field], spans[_END, field]
        count = _code_texts(text, begin, end, listed, first)
        if field == ID:
            for i in range(len(order)):
                count -= begin[i] >= 0
            if count < 0:
                return False
            continue
        if count > _MOST_DISTINCT:
            return False
        _sort_texts(text, begin, end, listed, first, count)
        column = field - KIND
        for i in range(len(order)):
            codes[column, i] = listed[order[i]]
        for code in range(count):
            for place in range(begin[first[code]], end[first[code]]):
                lines[written] = text[place]
                written += 1
            lines[written] = _NEWLINE
            written += 1
        ends[column] = written
    return True


@compiled()
def _word_at(text: Bytes, begin: int, end: int, words: Bytes, word_start: Ints) -> int:
    """The number of the word at text[begin:end], from 1; 0 if the text is absent, below 0 if it is another one."""
    if begin < 0:
        return 0
    for j in range(len(word_start) - 1):
        if _is_word(text, begin, end, words, word_start[j], word_start[j + 1]):
            return j + 1
    return UNUSUAL


@compiled()
def _read_words_and_values(
    text: Bytes, spans: Ints, order: Ints, words: Bytes, word_start: Ints, largest: float,
    direction: Flags, value: Floats,
) -> bool:  # fmt: skip
    """Writes directions and values (rows,) in order; False for another word, a larger number or another form of one."""
    begin, end = spans[_BEGIN], spans[_END]
    for i in range(len(order)):
        row = order[i]
        word = _word_at(text, begin[DIRECTION, row], end[DIRECTION, row], words, word_start)
        if word < 0:
            return False
        direction[i] = word
        value[i] = np.nan
        if begin[VALUE, row] >= 0:
            value[i] = _decimal(text, begin[VALUE, row], end[VALUE, row])
            if not abs(value[i]) <= largest:
                return False
    return True


@compiled(
    types.boolean(
        *(BYTES, types.int64[:, :, ::1], BYTES, I64, types.float64),
        *(
            types.int64[:, ::1],
            types.int32[:, ::1],
            types.uint8[::1],
            OUT_I64,
            types.int8[::1],
            types.float64[::1],
        ),
    )
)
def read_columns(
    text: Bytes, spans: Ints, words: Bytes, word_start: Ints, largest: float,
    times: Ints, codes: Codes, lines: Bytes, ends: Ints, direction: Flags, value: Floats,
) -> bool:  # fmt: skip
    """Writes the columns of n rows by time, ties as in the list; False if a row is not of the usual form.

    spans (2, fields, n or more): begin and end of each field of a row, begin below 0 for none. words: those of the
    directions one after the other, word_start (words + 1,); their numbers count from 1, 0 is an absent one.
    times (2, n): own, and of knowledge. codes (2, n) of kinds and channels are in the order of the texts, -1 for an
    absent one; lines (len(text),) gets these texts, a line each, those of the kinds up to ends[KINDS], then the others.
    direction and value (n,), NaN for an absent one. Usual are an id once, directions of `words`, at most 200 texts,
    plain times such as 2026-01-31T09:30:00 with at most six digits of a fraction and Z or an offset, from 1990 to 9999,
    and plain numbers of at most fifteen digits, at most `largest`.
    """
    n = times.shape[1]
    order, scratch = np.empty(n, dtype=np.int64), np.empty((2, n), dtype=np.int64)
    if not _read_times(text, spans, times):
        return False
    _put_in_order(times, order, scratch)
    return _read_texts(text, spans, order, scratch, codes, lines, ends) and _read_words_and_values(
        text, spans, order, words, word_start, largest, direction, value
    )
