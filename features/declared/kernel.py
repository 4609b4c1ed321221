"""The compiled walk over the rows of a lead, or of its account, that match a declared feature.

Times are int64 microseconds.
"""

import numpy as np
from numba import types

from history.base.arrays import Codes, Floats, Ints, Mask
from history.base.compiled import F64, I32, I64, OUT, compiled
from history.text.times import DAY_US

COUNT, SUM, MEAN, MAX, DISTINCT, SHARE, DAYS_SINCE_LAST, DAYS_SINCE_FIRST = range(8)
NO_ACCOUNT = -1
EARLIEST_US, LATEST_US = np.iinfo(np.int64).min, np.iinfo(np.int64).max

MASK = types.Array(types.bool_, 1, "C", readonly=True)


@compiled()
def _account_at(lead: int, as_of: int, base: Codes, offsets: Ints, known: Ints, code: Codes) -> int:
    """The account of a lead as known at an instant: its latest visible change, else the one at creation."""
    row = offsets[lead + 1] - 1
    while row >= offsets[lead]:
        if known[row] <= as_of:
            return int(code[row])
        row -= 1
    return int(base[lead])


@compiled()
def _is_of(
    account: int, lead: int, as_of: int, lead_known: Ints, base: Codes, offsets: Ints, known: Ints, code: Codes
) -> bool:  # fmt: skip
    """True if the lead is known at the instant and belongs to the account then."""
    if lead_known[lead] > as_of:
        return False
    return _account_at(lead, as_of, base, offsets, known, code) == account


@compiled()
def _counted(measure: int, rows: int, hits: int, distinct: int) -> float:
    """The measures that count rows."""
    if measure == COUNT:
        return hits
    if measure == DISTINCT:
        return distinct
    return hits / rows if rows > 0 else np.nan


@compiled()
def _valued(measure: int, with_value: int, total: float, largest: float) -> float:
    """The measures of the rows' values; no sum is 0."""
    if measure == SUM:
        return total
    if with_value == 0:
        return np.nan
    return total / with_value if measure == MEAN else largest


@compiled()
def _dated(measure: int, hits: int, as_of: int, first: int, last: int) -> float:
    """The measures of recency, in days."""
    if hits == 0:
        return np.nan
    return (as_of - (last if measure == DAYS_SINCE_LAST else first)) / DAY_US


@compiled(
    types.void(
        OUT,
        types.int64,
        types.int64,
        types.int64,
        I64,
        I64,
        I64,
        I64,
        I64,
        MASK,
        F64,
        I32,
        types.int64,
        I64,
        I32,
        I64,
        I64,
        I32,
        I64,
        I64,
    )
)
def declared_rows(
    out: Floats, at: int, measure: int, window_us: int, row_lead: Ints, row_as_of: Ints,
    offsets: Ints, time: Ints, known: Ints, matches: Mask, value: Floats, code: Codes, n_codes: int,
    lead_known: Ints, base: Codes, change_offsets: Ints, change_known: Ints, change_code: Codes,
    mates_offsets: Ints, mates: Ints,
) -> None:  # fmt: skip
    """Writes one feature of n rows into column `at`.

    window_us 0 is no window. mates: the leads that ever had each account, by mates_offsets; without accounts each lead
    stands alone.
    """
    has_accounts = len(mates_offsets) > 1
    seen = np.full(n_codes + 1, -1, dtype=np.int64)
    alone = np.zeros(1, dtype=np.int64)
    for i in range(len(row_lead)):
        as_of = row_as_of[i]
        since = as_of - window_us if window_us > 0 else EARLIEST_US
        alone[0] = row_lead[i]
        group, account = alone, NO_ACCOUNT
        if has_accounts:
            account = _account_at(row_lead[i], as_of, base, change_offsets, change_known, change_code)
        if account != NO_ACCOUNT:
            group = mates[mates_offsets[account] : mates_offsets[account + 1]]

        rows = hits = with_value = distinct = 0
        total, largest = 0.0, -np.inf
        first, last = LATEST_US, EARLIEST_US
        for place in range(len(group)):
            lead = group[place]
            if lead != row_lead[i] and not _is_of(
                account, lead, as_of, lead_known, base, change_offsets, change_known, change_code
            ):
                continue
            for row in range(offsets[lead], offsets[lead + 1]):
                if known[row] > as_of or time[row] <= since:
                    continue
                rows += 1
                if matches[row]:
                    hits += 1
                    first, last = min(first, time[row]), max(last, time[row])
                    distinct += seen[code[row] + 1] != i
                    seen[code[row] + 1] = i
                    if value[row] == value[row]:  # not NaN
                        with_value += 1
                        total += value[row]
                        largest = max(largest, value[row])

        if measure in (COUNT, DISTINCT, SHARE):
            out[i, at] = _counted(measure, rows, hits, distinct)
        elif measure in (SUM, MEAN, MAX):
            out[i, at] = _valued(measure, with_value, total, largest)
        else:
            out[i, at] = _dated(measure, hits, as_of, first, last)
