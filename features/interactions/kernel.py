"""Aggregates over a lead's visible interactions: counts, sums, last, gaps and distinct values in one reduction order.

Every row walks its own lead's interactions in time order, so one lead and a million give the same bits. A row is in the
trailing window w when as_of - w < time <= as_of and it was known by as_of. In every kernel, times are int64
microseconds, `visible[:m]` are the positions of a lead's visible rows in time order, and `single` (N_SINGLES,) receives
the figures that are not counts of a group, NaN for unknown.

A walk leaves numbers from which all single figures follow, `tally` int64 and `sums` float64. Each loop takes them up
and puts them back: one more row goes on from there as if the walk had not ended.
"""

import math

import numpy as np
from numba import types

from features.instants import NO_INSTANT
from history.base.arrays import Codes, Flags, Floats, Ints
from history.base.compiled import F64, I8, I32, I64, OUT, OUT_I64_2D, compiled
from history.history import INBOUND, OUTBOUND
from history.text.times import DAY_US, HOUR_US

# Positions in `single`, in the order of `interactions._single_features`.
(
    FIRST_DAYS, DECAY_SHORT, DECAY_LONG, TREND, DISTINCT_KINDS, DISTINCT_CHANNELS, ACTIVE_DAYS, SHARE_INBOUND,
    MEDIAN_GAP, LONGEST_SILENCE, RESPONSE_MEAN, RESPONSE_LAST, UNANSWERED, LEAD_RESPONSE_MEAN, OUTBOUND_SINCE,
    VALUE_SUM, VALUE_SUM_30D, VALUE_MEAN, VALUE_LAST, LAST_KIND, LAST_CHANNEL, IN_STAGE, BEFORE_CREATION,
) = range(23)  # fmt: skip
N_SINGLES = 23

# Positions in `tally`: numbers of rows, times of rows (NO_INSTANT for none), sums of durations, category codes of the
# last row, and the middle gap with its neighbours in size.
(
    _ROWS, _FIRST, _LAST, _RECENT, _BEFORE, _ACTIVE, _BUCKET, _LONGEST, _GAP_BELOW, _GAP, _GAP_ABOVE,
    _INBOUND, _OUTBOUND, _SINCE, _WAITING, _SENT, _OURS, _OUR_TIME, _OUR_LAST, _THEIRS, _THEIR_TIME,
    _VALUED, _CREATED, _ENTERED, _EARLY, _WITHIN, _KINDS, _CHANNELS, _LAST_KIND, _LAST_CHANNEL,
) = range(30)  # fmt: skip
N_TALLIES = 30
_SHORT, _LONG, _TOTAL, _TOTAL_RECENT, _LAST_VALUE = range(5)  # positions in `sums`
N_SUMS = 5
_LEAST, _MOST = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)

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
def _begin(tally: Ints, sums: Floats, created: int, entered: int) -> None:
    """The numbers of a walk before its first row."""
    tally[:] = 0
    tally[_FIRST] = tally[_LAST] = tally[_WAITING] = tally[_SENT] = NO_INSTANT
    tally[_BUCKET] = tally[_OUR_LAST] = -1
    tally[_CREATED], tally[_ENTERED] = created, entered
    sums[:] = 0.0
    sums[_LAST_VALUE] = np.nan


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
def _find_middle(values: Ints, n: int, tally: Ints) -> None:
    """The middle one of n values, the upper of two, and its neighbours; reorders them (quickselect, Hoare 1961)."""
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
    below, above = _LEAST, _MOST
    for r in range(k):
        below = max(below, values[r])
    if n % 2 == 1:  # of an even number, one more value leaves no use for it
        for r in range(k + 1, n):
            above = min(above, values[r])
    tally[_GAP_BELOW], tally[_GAP], tally[_GAP_ABOVE] = below, values[k], above


@compiled()
def _add_to_middle(value: int, n: int, tally: Ints) -> None:
    """The middle one and the one below once a value is among the n that `_find_middle` saw."""
    below, middle = tally[_GAP_BELOW], tally[_GAP]
    if n == 0:
        tally[_GAP] = value
    elif n % 2 == 0:
        tally[_GAP] = max(below, min(value, middle))
    elif value < middle:
        tally[_GAP_BELOW] = max(below, value)
    else:
        tally[_GAP_BELOW], tally[_GAP] = middle, min(value, tally[_GAP_ABOVE])


@compiled()
def _rhythm(
    visible: Ints, m: int, time: Ints, as_of: int, gaps: Ints, half_lives: Ints, tally: Ints, sums: Floats
) -> int:
    """Recency and activity; writes the gaps, one less than all rows so far, and returns the number of new ones."""
    recent, before, active = tally[_RECENT], tally[_BEFORE], tally[_ACTIVE]
    last_bucket, longest, last = tally[_BUCKET], tally[_LONGEST], tally[_LAST]
    short, long = sums[_SHORT], sums[_LONG]
    n = 0
    for i in range(m):
        t = time[visible[i]]
        age = as_of - t
        short += math.exp(-math.log(2.0) * age / half_lives[0])
        long += math.exp(-math.log(2.0) * age / half_lives[1])
        if age < _WEEK_US:
            recent += 1
        elif age < _FIVE_WEEKS_US:
            before += 1
        if age < _MONTH_US and age // DAY_US != last_bucket:
            last_bucket = age // DAY_US
            active += 1
        if last != NO_INSTANT:
            gaps[n] = t - last
            longest = max(longest, gaps[n])
            n += 1
        last = t
    if m > 0 and tally[_ROWS] == 0:
        tally[_FIRST] = time[visible[0]]
    tally[_ROWS] += m
    tally[_RECENT], tally[_BEFORE], tally[_ACTIVE] = recent, before, active
    tally[_BUCKET], tally[_LONGEST], tally[_LAST] = last_bucket, longest, last
    sums[_SHORT], sums[_LONG] = short, long
    return n


@compiled()
def _dialogue(visible: Ints, m: int, time: Ints, direction: Flags, tally: Ints) -> None:
    """Reply times: ours from the oldest unanswered inbound row, the lead's from our latest outbound row."""
    inbound, outbound, since = tally[_INBOUND], tally[_OUTBOUND], tally[_SINCE]
    ours, theirs, our_time, their_time = tally[_OURS], tally[_THEIRS], tally[_OUR_TIME], tally[_THEIR_TIME]
    waiting, sent = tally[_WAITING], tally[_SENT]
    for i in range(m):
        t = time[visible[i]]
        if direction[visible[i]] == INBOUND:
            inbound += 1
            since = 0
            if sent != NO_INSTANT:
                theirs += 1
                their_time += t - sent
                sent = NO_INSTANT
            if waiting == NO_INSTANT:
                waiting = t
        elif direction[visible[i]] == OUTBOUND:
            outbound += 1
            since += 1
            sent = t
            if waiting != NO_INSTANT:
                ours += 1
                our_time += t - waiting
                tally[_OUR_LAST] = t - waiting
                waiting = NO_INSTANT
    tally[_INBOUND], tally[_OUTBOUND], tally[_SINCE] = inbound, outbound, since
    tally[_OURS], tally[_THEIRS], tally[_OUR_TIME], tally[_THEIR_TIME] = ours, theirs, our_time, their_time
    tally[_WAITING], tally[_SENT] = waiting, sent


@compiled()
def _values(visible: Ints, m: int, time: Ints, value: Floats, as_of: int, tally: Ints, sums: Floats) -> None:
    """Sums and last of the recorded values."""
    total, recent, n = sums[_TOTAL], sums[_TOTAL_RECENT], tally[_VALUED]
    for i in range(m):
        v = value[visible[i]]
        if math.isnan(v):
            continue
        n += 1
        total += v
        sums[_LAST_VALUE] = v
        if as_of - time[visible[i]] < _MONTH_US:
            recent += v
    sums[_TOTAL], sums[_TOTAL_RECENT], tally[_VALUED] = total, recent, n


@compiled()
def _context(visible: Ints, m: int, time: Ints, tally: Ints) -> None:
    """Rows before the lead's creation, and since the entry of its current stage."""
    created, entered, early, within = tally[_CREATED], tally[_ENTERED], tally[_EARLY], tally[_WITHIN]
    for i in range(m):
        t = time[visible[i]]
        if t < created:
            early += 1
        if t >= entered:
            within += 1
    tally[_EARLY], tally[_WITHIN] = early, within


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
def _figures(as_of: int, tally: Ints, sums: Floats, single: Floats) -> None:
    """The single figures of a walk that ends here."""
    rows, gaps = tally[_ROWS], tally[_ROWS] - 1
    single[:] = np.nan
    single[DECAY_SHORT], single[DECAY_LONG] = sums[_SHORT], sums[_LONG]
    single[TREND] = tally[_RECENT] - tally[_BEFORE] / _USUAL_WEEKS
    single[ACTIVE_DAYS] = tally[_ACTIVE]
    if rows > 0:
        single[FIRST_DAYS] = (as_of - tally[_FIRST]) / DAY_US
        single[LONGEST_SILENCE] = max(tally[_LONGEST], as_of - tally[_LAST]) / DAY_US
    if gaps > 0 and gaps % 2 == 1:
        single[MEDIAN_GAP] = float(tally[_GAP]) / DAY_US
    elif gaps > 0:
        single[MEDIAN_GAP] = float(tally[_GAP_BELOW] + tally[_GAP]) / 2.0 / DAY_US
    single[DISTINCT_KINDS], single[DISTINCT_CHANNELS] = tally[_KINDS], tally[_CHANNELS]
    single[LAST_KIND], single[LAST_CHANNEL] = tally[_LAST_KIND], tally[_LAST_CHANNEL]
    single[VALUE_SUM], single[VALUE_SUM_30D] = sums[_TOTAL], sums[_TOTAL_RECENT]
    single[VALUE_LAST] = sums[_LAST_VALUE]
    if tally[_VALUED] > 0:
        single[VALUE_MEAN] = sums[_TOTAL] / tally[_VALUED]
    single[BEFORE_CREATION] = tally[_EARLY]
    if tally[_ENTERED] != NO_INSTANT:
        single[IN_STAGE] = tally[_WITHIN]


@compiled()
def _dialogue_figures(as_of: int, tally: Ints, single: Floats) -> None:
    """The shares and times of replies."""
    with_direction = tally[_INBOUND] + tally[_OUTBOUND]
    single[OUTBOUND_SINCE] = tally[_SINCE]
    if with_direction > 0:
        single[SHARE_INBOUND] = tally[_INBOUND] / with_direction
    if tally[_OURS] > 0:
        single[RESPONSE_MEAN] = tally[_OUR_TIME] / HOUR_US / tally[_OURS]
        single[RESPONSE_LAST] = tally[_OUR_LAST] / HOUR_US
    if tally[_THEIRS] > 0:
        single[LEAD_RESPONSE_MEAN] = tally[_THEIR_TIME] / HOUR_US / tally[_THEIRS]
    if tally[_WAITING] != NO_INSTANT:
        single[UNANSWERED] = (as_of - tally[_WAITING]) / HOUR_US


@compiled()
def _take_up(tallies: Ints, row: int, first: int, marks: Ints) -> None:
    """Marks the codes that the walk of a row has met, as its tally has them from `first` on."""
    for code in range(min(len(marks), tallies.shape[1] - first)):
        if tallies[row, first + code] != 0:
            marks[code] = row


@compiled()
def _put_back(tallies: Ints, row: int, first: int, marks: Ints) -> None:
    """Notes the codes that the walk of a row has met."""
    for code in range(len(marks)):
        tallies[row, first + code] = marks[code] == row


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
        *(OUT_I64_2D, OUT, types.int64, types.boolean),  # walks
    )
)
def interaction_rows(
    out: Floats, at: int, n_groups: int, lead: Ints, as_of: Ints, created: Ints, since: Ints,
    offsets: Ints, time: Ints, known: Ints, kind: Codes, channel: Codes, direction: Flags, value: Floats,
    kind_group: Ints, channel_group: Ints, direction_group: Ints, kind_code: Ints, channel_code: Ints,
    windows: Ints, half_lives: Ints, columns: Ints,
    tallies: Ints, sums: Floats, n_kinds: int, goes_on: bool,
) -> None:  # fmt: skip
    """Writes each row's group counts and single figures into out (n, k).

    lead, as_of, created and since are (n,): since is the entry into the current stage, NO_INSTANT without one.
    offsets (leads + 1,) index the log: time, known, kind, channel, direction and value, one entry an interaction.
    Group g has columns at + g * (w + 2): the counts over w windows and so far, then days since the last. Group 0 holds
    every interaction; kind_group, channel_group and direction_group give the group of a code, -1 for none, their last
    entry that of a missing code. kind_code and channel_code give category codes alike. windows (w,) and half_lives (2,)
    are microseconds. columns (N_SINGLES,) are those of the single figures, counted from `at`, -1 to leave
    one out.

    tallies (n, N_TALLIES + codes) and sums (n, N_SUMS) receive the numbers with which each walk ends, unless they are
    empty; then n_kinds marks of kinds that were met, and those of channels. goes_on: they are those of walks that ended
    at as_of, with their figures in `out`; the log has what follows, of which at most one row is visible.
    """
    # Scratch space is allocated once a call: a row costs less than an allocation for it.
    longest = _longest_log(lead, offsets)
    visible = np.empty(longest, dtype=np.int64)
    gaps = np.empty(longest, dtype=np.int64)
    kind_marks = np.full(len(kind_group), -1, dtype=np.int64)
    channel_marks = np.full(len(channel_group), -1, dtype=np.int64)
    single = np.empty(N_SINGLES, dtype=np.float64)
    tally, total = np.empty(N_TALLIES, dtype=np.int64), np.empty(N_SUMS, dtype=np.float64)
    first_channel = N_TALLIES + n_kinds

    for i in range(len(lead)):
        if goes_on:
            tally[:], total[:] = tallies[i, :N_TALLIES], sums[i]
            _take_up(tallies, i, N_TALLIES, kind_marks[:n_kinds])
            _take_up(tallies, i, first_channel, channel_marks)
        else:
            _clear_groups(out, i, at, n_groups, len(windows) + 2)
            _begin(tally, total, created[i], since[i])
        gaps_before = tally[_ROWS] - 1
        m = _select_visible(time, known, offsets[lead[i]], offsets[lead[i] + 1], as_of[i], visible)
        _count_groups(
            out, i, at, visible, m, time, as_of[i], windows,
            kind, channel, direction, kind_group, channel_group, direction_group,
        )  # fmt: skip
        n_gaps = _rhythm(visible, m, time, as_of[i], gaps, half_lives, tally, total)
        if goes_on and n_gaps > 0:
            _add_to_middle(gaps[0], gaps_before, tally)
        elif n_gaps > 0:
            _find_middle(gaps, n_gaps, tally)
        _dialogue(visible, m, time, direction, tally)
        _values(visible, m, time, value, as_of[i], tally, total)
        _context(visible, m, time, tally)
        tally[_KINDS] += _distinct(visible, m, kind, kind_marks, i)
        tally[_CHANNELS] += _distinct(visible, m, channel, channel_marks, i)
        if m > 0:
            tally[_LAST_KIND] = kind_code[kind[visible[m - 1]]]
            tally[_LAST_CHANNEL] = channel_code[channel[visible[m - 1]]]
        _figures(as_of[i], tally, total, single)
        _dialogue_figures(as_of[i], tally, single)
        _put_singles(out, i, at, columns, single)
        if len(tallies) > 0 and not goes_on:
            tallies[i, :N_TALLIES], sums[i] = tally, total
            _put_back(tallies, i, N_TALLIES, kind_marks[:n_kinds])
            _put_back(tallies, i, first_channel, channel_marks[: tallies.shape[1] - first_channel])
