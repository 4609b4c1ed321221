"""Aggregates over a lead's visible interactions: counts, sums, last, gaps and distinct values in one reduction order.

Every row walks its own lead's interactions in time order, so one lead and a million give the same bits. A row is in the
trailing window w when as_of - w < time <= as_of and it was known by as_of. In every kernel, times are int64
microseconds, `visible[:m]` are the positions of a lead's visible rows in time order, and `single` (N_SINGLES,) receives
the figures that are not counts of a group, NaN for unknown.
"""

import math

import numpy as np
from numba import types

from features.instants import NO_INSTANT
from history.base.arrays import Codes, Flags, Floats, Ints
from history.base.compiled import F64, I8, I32, I64, OUT, compiled
from history.history import INBOUND, OUTBOUND
from history.text.times import DAY_US, HOUR_US

# Positions in `single`, in the order of `interactions._single_features`.
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

# A usual week is the mean of the four weeks before the last seven days.
_WEEK_US, _FIVE_WEEKS_US, _MONTH_US = 7 * DAY_US, 35 * DAY_US, 30 * DAY_US
_USUAL_WEEKS = 4.0


@compiled()
def _select_visible(time: Ints, known: Ints, begin: int, end: int, as_of: int, visible: Ints) -> int:
    """Collects the rows of begin:end that happened and were known by as_of; returns their number."""
    m = 0
    for r in range(begin, end):
        if time[r] > as_of:
            break
        if known[r] <= as_of:
            visible[m] = r
            m += 1
    return m


@compiled()
def _count(out: Floats, row: int, at: int, age: int, windows: Ints) -> None:
    """Adds one interaction of an age to the group whose columns begin at `at`."""
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
def _rhythm(
    visible: Ints, m: int, time: Ints, as_of: int, gaps: Ints, half_lives: Ints, single: Floats
) -> None:
    """Recency, trend and gaps; `gaps` is scratch space for m - 1 numbers."""
    recent = before = active = 0
    last_bucket = -1
    longest = 0
    short = long = 0.0
    for i in range(m):
        age = as_of - time[visible[i]]
        short += math.exp(-math.log(2.0) * age / half_lives[0])
        long += math.exp(-math.log(2.0) * age / half_lives[1])
        if age < _WEEK_US:
            recent += 1
        elif age < _FIVE_WEEKS_US:
            before += 1
        if age < _MONTH_US and age // DAY_US != last_bucket:
            last_bucket = age // DAY_US
            active += 1
        if i > 0:
            gaps[i - 1] = time[visible[i]] - time[visible[i - 1]]
            longest = max(longest, gaps[i - 1])
    single[DECAY_SHORT] = short
    single[DECAY_LONG] = long
    single[TREND] = recent - before / _USUAL_WEEKS
    single[ACTIVE_DAYS] = active
    if m > 0:
        single[FIRST_DAYS] = (as_of - time[visible[0]]) / DAY_US
        single[LONGEST_SILENCE] = max(longest, as_of - time[visible[m - 1]]) / DAY_US
    if m > 1:
        single[MEDIAN_GAP] = _median(gaps, m - 1) / DAY_US


@compiled()
def _dialogue(visible: Ints, m: int, time: Ints, direction: Flags, as_of: int, single: Floats) -> None:
    """Reply times: ours from the oldest unanswered inbound row, the lead's from our latest outbound row."""
    inbound = outbound = since = ours = theirs = 0
    our_time = their_time = 0
    waiting = sent = -1
    for i in range(m):
        t = time[visible[i]]
        if direction[visible[i]] == INBOUND:
            inbound += 1
            since = 0
            if sent >= 0:
                theirs += 1
                their_time += t - time[sent]
                sent = -1
            if waiting < 0:
                waiting = visible[i]
        elif direction[visible[i]] == OUTBOUND:
            outbound += 1
            since += 1
            sent = visible[i]
            if waiting >= 0:
                ours += 1
                our_time += t - time[waiting]
                single[RESPONSE_LAST] = (t - time[waiting]) / HOUR_US
                waiting = -1
    single[OUTBOUND_SINCE] = since
    if inbound + outbound > 0:
        single[SHARE_INBOUND] = inbound / (inbound + outbound)
    if ours > 0:
        single[RESPONSE_MEAN] = our_time / HOUR_US / ours
    if theirs > 0:
        single[LEAD_RESPONSE_MEAN] = their_time / HOUR_US / theirs
    if waiting >= 0:
        single[UNANSWERED] = (as_of - time[waiting]) / HOUR_US


@compiled()
def _values(visible: Ints, m: int, time: Ints, value: Floats, as_of: int, single: Floats) -> None:
    """Sums, mean and last of the recorded values."""
    total = recent = 0.0
    n = 0
    for i in range(m):
        v = value[visible[i]]
        if math.isnan(v):
            continue
        n += 1
        total += v
        single[VALUE_LAST] = v
        if as_of - time[visible[i]] < _MONTH_US:
            recent += v
    single[VALUE_SUM] = total
    single[VALUE_SUM_30D] = recent
    if n > 0:
        single[VALUE_MEAN] = total / n


@compiled()
def _distinct(visible: Ints, m: int, codes: Codes, marks: Ints, mark: int) -> int:
    """The number of distinct codes; `marks` (codes,) holds the mark of the row that met a code last."""
    n = 0
    for i in range(m):
        c = codes[visible[i]]
        if c >= 0 and marks[c] != mark:
            marks[c] = mark
            n += 1
    return n


@compiled()
def _context(visible: Ints, m: int, time: Ints, created: int, since: int, single: Floats) -> None:
    """Rows before the lead's creation, and in its current stage (entered at `since`)."""
    before = within = 0
    for i in range(m):
        t = time[visible[i]]
        if t < created:
            before += 1
        if t >= since:
            within += 1
    single[BEFORE_CREATION] = before
    if since != NO_INSTANT:
        single[IN_STAGE] = within


@compiled()
def _longest_log(lead: Ints, offsets: Ints) -> int:
    """The most rows that one of the leads (n,) has."""
    longest = 0
    for i in range(len(lead)):
        longest = max(longest, offsets[lead[i] + 1] - offsets[lead[i]])
    return longest


@compiled()
def _clear_groups(out: Floats, row: int, at: int, n_groups: int, width: int) -> None:
    """Sets every count to 0 and the days since the last interaction to NaN."""
    for g in range(n_groups):
        for c in range(at + g * width, at + (g + 1) * width - 1):
            out[row, c] = 0.0
        out[row, at + (g + 1) * width - 1] = np.nan


@compiled()
def _count_groups(
    out: Floats, row: int, at: int, visible: Ints, m: int, time: Ints, as_of: int, windows: Ints,
    kind: Codes, channel: Codes, direction: Flags,
    kind_group: Ints, channel_group: Ints, direction_group: Ints,
) -> None:  # fmt: skip
    """Counts each visible interaction in group 0 and in those of its kind, channel and direction."""
    width = len(windows) + 2
    for j in range(m):
        r = visible[j]
        age = as_of - time[r]
        _count(out, row, at, age, windows)
        group = kind_group[kind[r]]
        if group >= 0:
            _count(out, row, at + group * width, age, windows)
        group = channel_group[channel[r]]
        if group >= 0:
            _count(out, row, at + group * width, age, windows)
        group = direction_group[direction[r]]
        if group >= 0:
            _count(out, row, at + group * width, age, windows)


@compiled()
def _put_singles(out: Floats, row: int, at: int, columns: Ints, single: Floats) -> None:
    """Writes the single figures that have a column, counted from `at`."""
    for s in range(N_SINGLES):
        if columns[s] >= 0:
            out[row, at + columns[s]] = single[s]


@compiled(
    types.void(
        *(OUT, types.int64, types.int64, I64, I64, I64, I64),  # where to write, and the rows
        *(I64, I64, I64, I32, I32, I8, F64),  # the log
        *(I64, I64, I64, I64, I64),  # groups and codes
        *(I64, I64, I64),  # windows, half lives and columns
    )
)
def interaction_rows(
    out: Floats, at: int, n_groups: int, lead: Ints, as_of: Ints, created: Ints, since: Ints,
    offsets: Ints, time: Ints, known: Ints, kind: Codes, channel: Codes, direction: Flags, value: Floats,
    kind_group: Ints, channel_group: Ints, direction_group: Ints, kind_code: Ints, channel_code: Ints,
    windows: Ints, half_lives: Ints, columns: Ints,
) -> None:  # fmt: skip
    """Writes each row's group counts and single figures into out (n, k).

    lead, as_of, created and since are (n,): since is the entry into the current stage, NO_INSTANT without one.
    offsets (leads + 1,) index the log: time, known, kind, channel, direction and value, one entry an interaction.
    Group g has columns at + g * (w + 2): the counts over w windows and so far, then days since the last. Group 0 holds
    every interaction; kind_group, channel_group and direction_group give the group of a code, -1 for none, their last
    entry that of a missing code. kind_code and channel_code give category codes alike. windows (w,) and half_lives (2,)
    are microseconds. columns (N_SINGLES,) are those of the single figures, counted from `at`, -1 to leave
    one out.
    """
    # Scratch space is allocated once a call: a row costs less than an allocation for it.
    longest = _longest_log(lead, offsets)
    visible = np.empty(longest, dtype=np.int64)
    gaps = np.empty(longest, dtype=np.int64)
    kind_marks = np.full(len(kind_group), -1, dtype=np.int64)
    channel_marks = np.full(len(channel_group), -1, dtype=np.int64)
    single = np.empty(N_SINGLES, dtype=np.float64)

    for i in range(len(lead)):
        _clear_groups(out, i, at, n_groups, len(windows) + 2)
        m = _select_visible(time, known, offsets[lead[i]], offsets[lead[i] + 1], as_of[i], visible)
        _count_groups(
            out, i, at, visible, m, time, as_of[i], windows,
            kind, channel, direction, kind_group, channel_group, direction_group,
        )  # fmt: skip
        single[:] = np.nan
        _rhythm(visible, m, time, as_of[i], gaps, half_lives, single)
        _dialogue(visible, m, time, direction, as_of[i], single)
        _values(visible, m, time, value, as_of[i], single)
        _context(visible, m, time, created[i], since[i], single)
        single[DISTINCT_KINDS] = _distinct(visible, m, kind, kind_marks, i)
        single[DISTINCT_CHANNELS] = _distinct(visible, m, channel, channel_marks, i)
        single[LAST_KIND] = kind_code[kind[visible[m - 1]]] if m > 0 else 0.0
        single[LAST_CHANNEL] = channel_code[channel[visible[m - 1]]] if m > 0 else 0.0
        _put_singles(out, i, at, columns, single)
