"""The compiled walks over attributes: the entry valid at an instant, and the columns of every attribute of a row."""

import numpy as np
import numpy.typing as npt
from numba import types

from history.arrays import Codes, Floats, Ints
from history.compiled import F64, I32, I32_2D, I64, I64_2D, OUT, OUT_I32_2D, compiled
from history.history import DAY_US

KIND_CODES = {"number": 0, "boolean": 1, "date": 2, "category": 3}


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
    """Writes the entry of each attribute that is valid for each row, -1 for none."""
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
def _read_entry(
    out: Floats, i: int, at: int, columns: Ints, kind: int, instants: tuple[int, int], read: tuple[float, float, float]
) -> None:  # fmt: skip
    as_of, created = instants
    first, second, third = read
    if kind != 2:
        _put(out, i, at, columns[0], first)
        _put(out, i, at, columns[5], second)
        return
    if np.isnan(first):
        second = third = np.nan
    _put(out, i, at, columns[1], (first - as_of) / DAY_US)
    _put(out, i, at, columns[2], (first - created) / DAY_US)
    _put(out, i, at, columns[3], second)
    _put(out, i, at, columns[4], third)


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

    Win rates are those of leads matured by as_of, shrunk to all leads' rate as (wins + k * base) / (leads + k); NaN
    where the attribute has no value or no lead has matured yet.
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
            for p in range(columns.shape[1]):
                _put(out, i, at, columns[j, p], np.nan)
            changes += count[j]
            _put(out, i, at, columns[j, 8], count[j])
            if count[j] > 0:
                _put(out, i, at, columns[j, 9], (as_of[i] - latest[j]) / DAY_US)
            e = valid[j]
            if e < 0:
                if kinds[j] == 3:
                    _put(out, i, at, columns[j, 0], 0.0)
                continue
            _read_entry(
                out,
                i,
                at,
                columns[j],
                kinds[j],
                (as_of[i], created[lead[i]]),
                (first[e], second[e], third[e]),
            )
            if columns[j, 6] < 0 and columns[j, 7] < 0:
                continue
            leads = wins = 0
            if table[e] >= 0:
                last = _last_at(table_time, table_offsets[table[e]], table_offsets[table[e] + 1], as_of[i])
                if last >= 0:
                    leads, wins = table_leads[last], table_wins[last]
            _put(out, i, at, columns[j, 6], leads)
            if now >= 0 and base_leads[now] > 0:
                rate = base_wins[now] / base_leads[now]
                _put(out, i, at, columns[j, 7], (wins + shrinkage * rate) / (leads + shrinkage))
        if totals >= 0:
            out[i, at + totals] = changes
            out[i, at + totals + 1] = recent
