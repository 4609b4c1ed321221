"""The compiled walks over attributes: the entry valid at an instant, and the columns of every attribute of a row.

Arguments shared by the kernels (times are int64 microseconds): base (m, leads), starts, attribute and entry are those
of `entries.Entries`; offsets (leads + 1,) index the changes, whose time, known, attribute and entry are (changes,). The
scratch arrays valid, count and latest (m,) hold each attribute's valid entry id (-1 for none), number of changes and
time of the last change.
"""

import numpy as np
from numba import types

from history.base.arrays import Codes, Floats, Ints
from history.base.compiled import F64, I32, I32_2D, I64, I64_2D, OUT, OUT_I32_2D, compiled
from history.text.times import DAY_US

_NUMBER, _BOOLEAN, _DATE, _CATEGORY, _SET = range(5)
KIND_CODES = {"number": _NUMBER, "boolean": _BOOLEAN, "date": _DATE, "category": _CATEGORY, "set": _SET}

# What a column of an attribute holds, in matrix order, and the positions of these names.
PLACES = (
    "value", "days_ahead", "days_after_creation", "weekday", "week",
    "share", "past_leads", "win_rate", "changes", "days_since_change",
)  # fmt: skip
(
    _VALUE,
    _DAYS_AHEAD,
    _DAYS_AFTER_CREATION,
    _WEEKDAY,
    _WEEK,
    _SHARE,
    _PAST_LEADS,
    _WIN_RATE,
    _CHANGES,
    _DAYS_SINCE_CHANGE,
) = range(10)

_RECENT_US = 30 * DAY_US


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
        recent += as_of - time[r] < _RECENT_US
    return recent


@compiled(types.void(OUT_I32_2D, I64, I64, I32_2D, I64, I64, I64, I64, I32, I32))
def entry_rows(
    out: Codes, lead: Ints, as_of: Ints, base: Codes, starts: Ints,
    offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
) -> None:  # fmt: skip
    """Writes the valid entry of each attribute for each row (lead, as_of) into out (n, m), -1 for none."""
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
    """Writes a value unless its column is left out (-1)."""
    if column >= 0:
        out[row, at + column] = value


@compiled()
def _fill(out: Floats, row: int, first: int, n: int, value: float) -> None:
    """Writes one value into n columns from `first` on."""
    for column in range(first, first + n):
        out[row, column] = value


@compiled()
def _write_picks(out: Floats, row: int, first: int, n: int, entry: int, offsets: Ints, picks: Ints) -> None:
    """Writes the n columns of an entry's picks from `first` on, 1 or 0."""
    if n == 0:
        return
    _fill(out, row, first, n, 0.0)
    for p in range(offsets[entry], offsets[entry + 1]):
        out[row, first + picks[p]] = 1.0


@compiled()
def _read_entry(
    out: Floats, i: int, at: int, columns: Ints, kind: int, as_of: int, created: int,
    value: float, share_or_weekday: float, week: float,
) -> None:  # fmt: skip
    """Writes the columns (places,) of one attribute from its valid entry."""
    if kind != _DATE:
        _put(out, i, at, columns[_VALUE], value)
        _put(out, i, at, columns[_SHARE], share_or_weekday)
        return
    if np.isnan(value):
        share_or_weekday = week = np.nan
    _put(out, i, at, columns[_DAYS_AHEAD], (value - as_of) / DAY_US)
    _put(out, i, at, columns[_DAYS_AFTER_CREATION], (value - created) / DAY_US)
    _put(out, i, at, columns[_WEEKDAY], share_or_weekday)
    _put(out, i, at, columns[_WEEK], week)


@compiled(
    types.void(
        *(OUT, types.int64, types.int64, I64, I64, I64),
        *(I32_2D, I64, I64, I64, I64, I32, I32),
        *(F64, F64, F64, I64, I64, I64_2D),
        *(I64, I64, I64, I64),
        *(I64, I64, I64, I64, I64, I64, I64, types.float64),
    )
)
def attribute_rows(
    out: Floats, at: int, changes_column: int, lead: Ints, as_of: Ints, created: Ints,
    base: Codes, starts: Ints, offsets: Ints, time: Ints, known: Ints, attribute: Codes, entry: Codes,
    value: Floats, share_or_weekday: Floats, week: Floats, table_row: Ints, kinds: Ints, columns: Ints,
    picks_at: Ints, n_picks: Ints, pick_offsets: Ints, picks: Ints,
    table_offsets: Ints, table_time: Ints, table_leads: Ints, table_wins: Ints,
    base_time: Ints, base_leads: Ints, base_wins: Ints, shrinkage: float,
) -> None:  # fmt: skip
    """Writes the columns of every attribute for each row into out (n, k) from column `at`.

    lead and as_of are (n,), created is (leads,). value, share_or_weekday, week and table_row (entries,) are each entry
    as read; kinds (m,) and columns (m, places) describe the attributes, -1 leaves a column out. The n_picks (m,) picks
    of an attribute have columns from picks_at (m,) on, 1 or 0; entry e of a set has those of picks at
    pick_offsets[e]:pick_offsets[e + 1]. Row r of the category
    tables is table_offsets[r]:table_offsets[r + 1]; their leads and wins are running totals from table_time on, those
    of base are of all leads. Win rates are of leads matured by as_of, shrunk to the rate of all leads:
    (wins + shrinkage * base rate) / (leads + shrinkage); NaN if the attribute has no value or no lead has matured yet.
    """
    # One long loop: helpers that take the arrays of changes or tables doubled the time of 300 attributes.
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
            _fill(out, i, at + picks_at[j], n_picks[j], np.nan)
            changes += count[j]
            _put(out, i, at, columns[j, _CHANGES], count[j])
            if count[j] > 0:
                _put(out, i, at, columns[j, _DAYS_SINCE_CHANGE], (as_of[i] - latest[j]) / DAY_US)
            e = valid[j]
            if e < 0:
                if kinds[j] == _CATEGORY:
                    _put(out, i, at, columns[j, _VALUE], 0.0)
                continue
            _read_entry(
                out, i, at, columns[j], kinds[j], as_of[i], created[lead[i]],
                value[e], share_or_weekday[e], week[e],
            )  # fmt: skip
            _write_picks(out, i, at + picks_at[j], n_picks[j], e, pick_offsets, picks)
            if columns[j, _PAST_LEADS] < 0 and columns[j, _WIN_RATE] < 0:
                continue
            leads = wins = 0
            row = table_row[e]
            if row >= 0:
                last = _last_at(table_time, table_offsets[row], table_offsets[row + 1], as_of[i])
                if last >= 0:
                    leads, wins = table_leads[last], table_wins[last]
            _put(out, i, at, columns[j, _PAST_LEADS], leads)
            if now >= 0 and base_leads[now] > 0:
                rate = base_wins[now] / base_leads[now]
                _put(out, i, at, columns[j, _WIN_RATE], (wins + shrinkage * rate) / (leads + shrinkage))
        if changes_column >= 0:
            out[i, at + changes_column] = changes
            out[i, at + changes_column + 1] = recent
