"""Aggregates over a lead's visible interactions: counts, sums, last, gaps and distinct values in one reduction order.

Every row walks its own lead's interactions in time order, so one lead and a million give the same bits. A row is in the
trailing window w when as_of - w < time <= as_of and it was known by as_of.
"""

import math

import numpy as np
from numba import types

from history.arrays import Codes, Flags, Floats, Ints
from history.compiled import F64, I8, I32, I64, OUT, compiled
from history.history import DAY_US, HOUR_US, INBOUND, OUTBOUND

# The single figures beside the group counts, in the order in which they are written.
(
    FIRST_DAYS,
    DECAY_SHORT,
    DECAY_LONG,
    TREND,
    DISTINCT_KINDS,
    DISTINCT_CHANNELS,
    ACTIVE_DAYS,
    SHARE_INBOUND,
    MEDIAN_GAP,
    LONGEST_SILENCE,
    RESPONSE_MEAN,
    RESPONSE_LAST,
    UNANSWERED,
    LEAD_RESPONSE_MEAN,
    OUTBOUND_SINCE,
    VALUE_SUM,
    VALUE_SUM_30D,
    VALUE_MEAN,
    VALUE_LAST,
    LAST_KIND,
    LAST_CHANNEL,
    IN_STAGE,
    BEFORE_CREATION,
) = range(23)
N_SINGLES = 23


@compiled()
def _visible(time: Ints, known: Ints, begin: int, end: int, as_of: int, seen: Ints) -> int:
    m = 0
    for r in range(begin, end):
        if time[r] > as_of:
            break
        if known[r] <= as_of:
            seen[m] = r
            m += 1
    return m


@compiled()
def _count(out: Floats, row: int, at: int, age: int, windows: Ints) -> None:
    n = len(windows)
    for w in range(n):
        if age < windows[w]:
            out[row, at + w] += 1.0
    out[row, at + n] += 1.0
    out[row, at + n + 1] = age / DAY_US


@compiled()
def _median(values: Ints, n: int) -> float:
    """The median of values[:n], which it reorders (quickselect, Hoare 1961)."""
    low, high, k = 0, n - 1, n // 2
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    if n % 2 == 1:
        return float(values[k])
    below = values[0]
    for r in range(1, k):
        below = max(below, values[r])
    return float(below + values[k]) / 2.0


@compiled()
def _rhythm(seen: Ints, m: int, time: Ints, as_of: int, gaps: Ints, half_lives: Ints, single: Floats) -> None:
    recent = before = active = 0
    last_bucket = -1
    longest = 0
    short = long = 0.0
    for i in range(m):
        age = as_of - time[seen[i]]
        short += math.exp(-math.log(2.0) * age / half_lives[0])
        long += math.exp(-math.log(2.0) * age / half_lives[1])
        if age < 7 * DAY_US:
            recent += 1
        elif age < 35 * DAY_US:
            before += 1
        if age < 30 * DAY_US and age // DAY_US != last_bucket:
            last_bucket = age // DAY_US
            active += 1
        if i > 0:
            gaps[i - 1] = time[seen[i]] - time[seen[i - 1]]
            longest = max(longest, gaps[i - 1])
    single[DECAY_SHORT] = short
    single[DECAY_LONG] = long
    single[TREND] = recent - before / 4.0
    single[ACTIVE_DAYS] = active
    if m > 0:
        single[FIRST_DAYS] = (as_of - time[seen[0]]) / DAY_US
        single[LONGEST_SILENCE] = max(longest, as_of - time[seen[m - 1]]) / DAY_US
    if m > 1:
        single[MEDIAN_GAP] = _median(gaps, m - 1) / DAY_US


@compiled()
def _dialogue(seen: Ints, m: int, time: Ints, direction: Flags, as_of: int, single: Floats) -> None:
    """Who waits for whom: our answer is timed from the oldest open inbound, the lead's from the latest outbound."""
    inbound = outbound = since = ours = theirs = 0
    our_time = their_time = 0
    asked = told = -1
    for i in range(m):
        t = time[seen[i]]
        if direction[seen[i]] == INBOUND:
            inbound += 1
            since = 0
            if told >= 0:
                theirs += 1
                their_time += t - time[told]
                told = -1
            if asked < 0:
                asked = seen[i]
        elif direction[seen[i]] == OUTBOUND:
            outbound += 1
            since += 1
            told = seen[i]
            if asked >= 0:
                ours += 1
                our_time += t - time[asked]
                single[RESPONSE_LAST] = (t - time[asked]) / HOUR_US
                asked = -1
    single[OUTBOUND_SINCE] = since
    if inbound + outbound > 0:
        single[SHARE_INBOUND] = inbound / (inbound + outbound)
    if ours > 0:
        single[RESPONSE_MEAN] = our_time / HOUR_US / ours
    if theirs > 0:
        single[LEAD_RESPONSE_MEAN] = their_time / HOUR_US / theirs
    if asked >= 0:
        single[UNANSWERED] = (as_of - time[asked]) / HOUR_US


@compiled()
def _values(seen: Ints, m: int, time: Ints, value: Floats, as_of: int, single: Floats) -> None:
    total = recent = 0.0
    n = 0
    for i in range(m):
        v = value[seen[i]]
        if math.isnan(v):
            continue
        n += 1
        total += v
        single[VALUE_LAST] = v
        if as_of - time[seen[i]] < 30 * DAY_US:
            recent += v
    single[VALUE_SUM] = total
    single[VALUE_SUM_30D] = recent
    if n > 0:
        single[VALUE_MEAN] = total / n


@compiled()
def _distinct(seen: Ints, m: int, codes: Codes, marks: Ints, mark: int) -> int:
    n = 0
    for i in range(m):
        c = codes[seen[i]]
        if c >= 0 and marks[c] != mark:
            marks[c] = mark
            n += 1
    return n


@compiled()
def _context(seen: Ints, m: int, time: Ints, created: int, since: int, single: Floats) -> None:
    before = within = 0
    for i in range(m):
        t = time[seen[i]]
        if t < created:
            before += 1
        if t >= since:
            within += 1
    single[BEFORE_CREATION] = before
    if since != np.iinfo(np.int64).min:
        single[IN_STAGE] = within


@compiled(
    types.void(
        *(OUT, types.int64, types.int64, I64, I64, I64, I64),  # where to write, and the rows
        *(I64, I64, I64, I32, I32, I8, F64),  # the log
        *(I64, I64, I64, I64, I64),  # groups and codes
        *(I64, I64, I64),  # windows, half lives and columns
    )
)
def interaction_rows(
    out: Floats,
    at: int,
    n_groups: int,
    lead: Ints,
    as_of: Ints,
    created: Ints,
    since: Ints,
    offsets: Ints,
    time: Ints,
    known: Ints,
    kind: Codes,
    channel: Codes,
    direction: Flags,
    value: Floats,
    kind_group: Ints,
    channel_group: Ints,
    direction_group: Ints,
    kind_code: Ints,
    channel_code: Ints,
    windows: Ints,
    half_lives: Ints,
    columns: Ints,
) -> None:
    """Writes each row's group counts and single figures into out (n, k).

    Group g has columns at + g * (w + 2): the counts over w windows and ever, then days since the last. Group 0 is
    everything; the group tables give that of a kind, channel or direction code, -1 for none, their last entry that of a
    missing code. columns (N_SINGLES,) says where each single figure goes, -1 to leave it out. since (n,) is when the
    current stage began, the least int64 where there is none.
    """
    width = len(windows) + 2
    longest = 0
    for i in range(len(lead)):
        longest = max(longest, offsets[lead[i] + 1] - offsets[lead[i]])
    seen = np.empty(longest, dtype=np.int64)
    gaps = np.empty(longest, dtype=np.int64)
    kind_marks = np.full(len(kind_group), -1, dtype=np.int64)
    channel_marks = np.full(len(channel_group), -1, dtype=np.int64)
    single = np.empty(N_SINGLES, dtype=np.float64)
    for i in range(len(lead)):
        for g in range(n_groups):
            for c in range(at + g * width, at + (g + 1) * width - 1):
                out[i, c] = 0.0
            out[i, at + (g + 1) * width - 1] = np.nan
        m = _visible(time, known, offsets[lead[i]], offsets[lead[i] + 1], as_of[i], seen)
        for j in range(m):
            r = seen[j]
            age = as_of[i] - time[r]
            _count(out, i, at, age, windows)
            group = kind_group[kind[r]]
            if group >= 0:
                _count(out, i, at + group * width, age, windows)
            group = channel_group[channel[r]]
            if group >= 0:
                _count(out, i, at + group * width, age, windows)
            group = direction_group[direction[r]]
            if group >= 0:
                _count(out, i, at + group * width, age, windows)
        single[:] = np.nan
        _rhythm(seen, m, time, as_of[i], gaps, half_lives, single)
        _dialogue(seen, m, time, direction, as_of[i], single)
        _values(seen, m, time, value, as_of[i], single)
        _context(seen, m, time, created[i], since[i], single)
        single[DISTINCT_KINDS] = _distinct(seen, m, kind, kind_marks, i)
        single[DISTINCT_CHANNELS] = _distinct(seen, m, channel, channel_marks, i)
        single[LAST_KIND] = kind_code[kind[seen[m - 1]]] if m > 0 else 0.0
        single[LAST_CHANNEL] = channel_code[channel[seen[m - 1]]] if m > 0 else 0.0
        for s in range(N_SINGLES):
            if columns[s] >= 0:
                out[i, columns[s]] = single[s]
