"""Compiled loops over attributes: the entry valid at an instant, and the columns of every attribute of a row."""

import numpy as np
import numpy.typing as npt
from numba import types

from history.arrays import Codes, Floats, Ints
from history.compiled import F64, I32, I32_2D, I64, I64_2D, OUT, OUT_I32_2D, compiled
from history.history import DAY_US

KIND_DATE, KIND_CATEGORY = 2, 3
KIND_CODES = {"number": 0, "boolean": 1, "date": KIND_DATE, "category": KIND_CATEGORY}

# Places of an attribute's columns; `columns[j, PLACE]` is where the matrix holds it, -1 if it is left out.
VALUE = 0
DAYS_AHEAD = 1
DAYS_AFTER_CREATION = 2
WEEKDAY = 3
WEEK = 4
SHARE = 5
PAST_LEADS = 6
WIN_RATE = 7
CHANGES = 8
DAYS_SINCE_CHANGE = 9


@compiled()
def _valid_entries(
    lead: int, as_of: int, base: Codes, starts: Ints,
    offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
    valid: Ints, count: Ints, latest: Ints,
) -> int:  # fmt: skip
    """Fills valid, count and latest (m,) for one row; returns the number of changes in the last 30 days."""
    for j in range(len(valid)):
        code = base[j, lead]
        valid[j] = code + starts[j] if code >= 0 else -1
        count[j] = 0
    recent = 0
    for r in range(offsets[lead], offsets[lead + 1]):
        if time[r] > as_of:
            break
        if known[r] > as_of or attribute[r] < 0:
            continue
        j = attribute[r]
        valid[j] = entry[r]
        count[j] += 1
        latest[j] = time[r]
        recent += as_of - time[r] < 30 * DAY_US
    return recent


@compiled(types.void(OUT_I32_2D, I64, I64, I32_2D, I64, I64, I64, I64, I32, I32))
def entry_rows(
    out: Codes, lead: Ints, as_of: Ints, base: Codes, starts: Ints,
    offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
) -> None:  # fmt: skip
    """Writes the valid entry of each attribute for each row into out (n, m), -1 for none."""
    m = out.shape[1]
    valid = np.empty(m, dtype=np.int64)
    count = np.empty(m, dtype=np.int64)
    latest = np.empty(m, dtype=np.int64)
    for i in range(len(lead)):
        _valid_entries(
            lead[i], as_of[i], base, starts, offsets, time, known, attribute, entry, valid, count, latest
        )
        for j in range(m):
            out[i, j] = valid[j]


@compiled()
def _last_at(time: Ints, begin: int, end: int, as_of: int) -> int:
    """The last position in begin:end whose time is not after as_of, -1 for none."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= as_of:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > begin else -1


@compiled()
def _put(out: Floats, row: int, at: int, column: int, value: float) -> None:
    if column >= 0:
        out[row, at + column] = value


@compiled()
def _shrunk_rate(wins: int, leads: int, base_rate: float, shrinkage: float) -> float:
    return (wins + shrinkage * base_rate) / (leads + shrinkage)


@compiled()
def _clear(out: Floats, row: int, at: int, columns: Ints, kind: int) -> None:
    """Sets the columns of one attribute to missing: NaN, or code 0 of a category."""
    for place in range(len(columns)):
        _put(out, row, at, columns[place], np.nan)
    if kind == KIND_CATEGORY:
        _put(out, row, at, columns[VALUE], 0.0)


@compiled()
def _put_value(out: Floats, i: int, at: int, columns: Ints, value: float, share: float) -> None:
    """Writes a number, a boolean, or a category's code with its share of leads."""
    _put(out, i, at, columns[VALUE], value)
    _put(out, i, at, columns[SHARE], share)


@compiled()
def _put_date(
    out: Floats, i: int, at: int, columns: Ints, as_of: int, created: int,
    instant: float, weekday: float, week: float,
) -> None:  # fmt: skip
    """Writes a date relative to as_of and to the lead's creation; NaN throughout for a text that is not a date."""
    if np.isnan(instant):
        weekday = week = np.nan
    _put(out, i, at, columns[DAYS_AHEAD], (instant - as_of) / DAY_US)
    _put(out, i, at, columns[DAYS_AFTER_CREATION], (instant - created) / DAY_US)
    _put(out, i, at, columns[WEEKDAY], weekday)
    _put(out, i, at, columns[WEEK], week)


@compiled(
    types.void(
        *(OUT, types.int64, types.int64, I64, I64, I64),
        *(I32_2D, I64, I64, I64, I64, I32, I32),
        *(F64, F64, F64, I64, I64, I64_2D),
        *(I64, I64, I64, I64, I64, I64, I64, types.float64),
    )
)
def attribute_rows(
    out: Floats, at: int, totals: int, lead: Ints, as_of: Ints, created: Ints,
    base: Codes, starts: Ints, offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
    first: Floats, second: Floats, third: Floats, table: Ints, kinds: Ints, columns: npt.NDArray[np.int64],
    table_offsets: Ints, table_time: Ints, table_leads: Ints, table_wins: Ints,
    base_time: Ints, base_leads: Ints, base_wins: Ints, shrinkage: float,
) -> None:  # fmt: skip
    """Writes the columns of every attribute for each row into out (n, k) from column `at`.

    Win rates are those of leads matured by as_of, shrunk to the rate of all leads: (wins + k * base) / (leads + k). NaN
    if the attribute has no value or no lead has matured yet.
    """
    m = len(kinds)
    valid = np.empty(m, dtype=np.int64)
    count = np.empty(m, dtype=np.int64)
    latest = np.empty(m, dtype=np.int64)
    for i in range(len(lead)):
        recent = _valid_entries(
            lead[i], as_of[i], base, starts, offsets, time, known, attribute, entry, valid, count, latest
        )
        now = _last_at(base_time, 0, len(base_time), as_of[i])
        changes = 0
        for j in range(m):
            _clear(out, i, at, columns[j], kinds[j])
            changes += count[j]
            _put(out, i, at, columns[j, CHANGES], count[j])
            if count[j] > 0:
                _put(out, i, at, columns[j, DAYS_SINCE_CHANGE], (as_of[i] - latest[j]) / DAY_US)
            e = valid[j]
            if e < 0:
                continue
            if kinds[j] == KIND_DATE:
                _put_date(out, i, at, columns[j], as_of[i], created[lead[i]], first[e], second[e], third[e])
            else:
                _put_value(out, i, at, columns[j], first[e], second[e])
            if columns[j, PAST_LEADS] < 0 and columns[j, WIN_RATE] < 0:
                continue
            leads = wins = 0
            if table[e] >= 0:
                last = _last_at(table_time, table_offsets[table[e]], table_offsets[table[e] + 1], as_of[i])
                if last >= 0:
                    leads, wins = table_leads[last], table_wins[last]
            _put(out, i, at, columns[j, PAST_LEADS], leads)
            if now >= 0 and base_leads[now] > 0:
                rate = _shrunk_rate(wins, leads, base_wins[now] / base_leads[now], shrinkage)
                _put(out, i, at, columns[j, WIN_RATE], rate)
        if totals >= 0:
            out[i, at + totals] = changes
            out[i, at + totals + 1] = recent
