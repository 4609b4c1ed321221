"""The way of every lead through the stages, as visits: when each began, how the lead came, when and whereto it left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.arrays import Flags, Floats, Ints, Mask
from history.compiled import compiled
from history.history import OPEN, WON, History
from history.snapshot import state_rows

HERE, MOVED_ON, MOVED_BACK, EXIT_WON, EXIT_LOST = range(5)  # how a visit ends; HERE has not ended
FROM_START, FORWARD, SKIPPED, BACK, REOPENED = range(5)  # how a visit begins
EXITS = ("here", "moved_on", "moved_back", "won", "lost")
ENTRIES = ("start", "forward", "skip", "back", "reopened")
NO_STAGE = 0  # the place before the first stage


@dataclass(frozen=True)
class Visits:
    """m visits in order of lead and time. place (m,): 0 before the first stage, then 1..k in the stages' order.

    begin_us and end_us (m,): end_us is as_of_us for one that goes on. to (m,): the next visit's place, 0 where none
    followed. again (m,): the lead was in this place before. Nothing begins before its lead was created.
    """

    lead: Ints
    place: Ints
    begin_us: Ints
    end_us: Ints
    came: Flags
    left: Flags
    to: Ints
    again: Mask

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "Visits":
        return Visits(**{name: column[index] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Paths:
    """The leads known at as_of_us, their state there and their visits. `names` (k,) are the stages in order.

    All but visits is (n,), in the history's order: closed_us is as_of_us while open, amount NaN unless
    decided with a known one, implied marks a closing time that no column gave, reason codes outcomes.reason.
    ignored counts stage entries while closed.
    """

    history: History
    names: Sequence[str]
    created_us: Ints
    state: Flags
    closed_us: Ints
    amount: Floats
    implied: Mask
    reason: Ints
    visits: Visits
    ignored: int

    @property
    def as_of_us(self) -> int:
        return self.history.as_of_us

    def __len__(self) -> int:
        return len(self.created_us)


def stage_names(history: History) -> tuple[str, ...]:
    """The stages in order; what the configuration does not name comes after, by name."""
    known = history.config.stages
    used = {history.stages.stage.values[c] for c in np.unique(history.stages.stage.codes).tolist() if c >= 0}
    return (*known, *sorted(used - set(known)))


def paths_of(history: History) -> Paths:
    """The paths of every lead of the history through its stages, as known at its as_of_us."""
    names = stage_names(history)
    order = {name: place for place, name in enumerate(names, start=1)}
    visits, ignored = _visits(history, order)
    n = len(history)
    as_of = np.full(n, history.as_of_us, dtype=np.int64)
    outcomes = history.outcomes
    row = state_rows(outcomes, np.arange(n, dtype=np.int64), as_of)
    if not len(outcomes.state):
        unknown, never = np.full(n, np.nan), np.zeros(n, dtype=np.bool_)
        state = np.zeros(n, dtype=np.int8)
        return Paths(history, names, history.created_us, state, as_of, unknown, never, row, visits, ignored)
    at = np.maximum(row, 0)
    state = np.where(row >= 0, outcomes.state[at], OPEN).astype(np.int8)
    closed = state != OPEN
    return Paths(
        history=history,
        names=names,
        created_us=history.created_us,
        state=state,
        closed_us=np.where(closed, outcomes.time_us[at], as_of),
        amount=np.where(closed, outcomes.amount[at], np.nan),
        implied=closed & outcomes.implied[at],
        reason=np.where(closed, outcomes.reason.codes[at], -1).astype(np.int64),
        visits=visits,
        ignored=ignored,
    )


def regrouped(paths: Paths, members: Mapping[str, Sequence[str]]) -> Paths:
    """The same leads over groups of stages: moves within a group vanish, stages of no group are none of the places."""
    names = tuple(members)
    order = {stage: place for place, name in enumerate(names, start=1) for stage in members[name]}
    visits, ignored = _visits(paths.history, order)
    return replace(paths, names=names, visits=visits, ignored=ignored)


def _visits(history: History, order: Mapping[str, int]) -> tuple[Visits, int]:
    log, outcomes = history.stages, history.outcomes
    place_of = np.array([*(order.get(name, -1) for name in log.stage.values), -1], dtype=np.int64)
    place = place_of[log.stage.codes]
    most = len(history) + len(place) + len(outcomes.state)
    columns = np.zeros((7, most), dtype=np.int64)
    n, ignored = _walk(
        columns, history.created_us, history.as_of_us,
        log.offsets, log.time_us, place, outcomes.offsets, outcomes.time_us, outcomes.state,
        max(order.values(), default=0),
    )  # fmt: skip
    lead, where, begin, end, came, left, again = columns[:, :n]
    to = np.zeros(n, dtype=np.int64)
    if n:
        to[:-1] = np.where((lead[1:] == lead[:-1]) & (came[1:] != REOPENED), where[1:], 0)
    return Visits(lead, where, begin, end, came.astype(np.int8), left.astype(np.int8), to, again > 0), ignored


@compiled()
def _came(place: int, to: int) -> int:
    if to < place:
        return BACK
    if place == NO_STAGE:
        return FROM_START
    return SKIPPED if to > place + 1 else FORWARD


@compiled()
def _walk(
    out: Ints,
    created: Ints,
    as_of: int,
    offsets: Ints,
    time: Ints,
    place: Ints,
    decided: Ints,
    decided_us: Ints,
    states: Flags,
    most: int,
) -> tuple[int, int]:
    """Writes (lead, place, begin, end, came, left, again) of each visit into out (7, m); returns m and the
    entries ignored.

    At one instant stage entries come before decisions. Decisions of one kind or another that follow each
    other with no reopening between are one closing: the last. A stage entered while closed begins no visit,
    but is where a reopened lead stands.
    """
    m = ignored = late = late_us = 0
    been = np.full(most + 1, -1, dtype=np.int64)
    for i in range(len(created)):
        late_us = created[i] - 1
        s, s_end, d, d_end = offsets[i], offsets[i + 1], decided[i], decided[i + 1]
        standing, closed = NO_STAGE, False
        out[0, m], out[1, m], out[2, m], out[4, m], out[6, m] = i, NO_STAGE, created[i], FROM_START, 0
        out[3, m], out[5, m] = as_of, HERE
        been[NO_STAGE] = i
        while s < s_end or d < d_end:
            if s < s_end and (d >= d_end or time[s] <= decided_us[d]):
                to, now = place[s], max(time[s], created[i])
                s += 1
                if to < 0 or to == standing:
                    continue
                if closed:
                    late = late + 1 if now == late_us else 1
                    late_us = now
                    ignored += 1
                    standing = to
                    continue
                if standing == NO_STAGE and now == created[i] and out[4, m] == FROM_START:
                    out[1, m] = to
                else:
                    came = _came(standing, to)
                    out[3, m] = now
                    out[5, m] = MOVED_BACK if came == BACK else MOVED_ON
                    m += 1
                    out[0, m], out[1, m], out[2, m], out[4, m] = i, to, now, came
                    out[3, m], out[5, m], out[6, m] = as_of, HERE, been[to] == i
                standing = to
                been[to] = i
            else:
                state, now = states[d], max(decided_us[d], created[i])
                d += 1
                if state != OPEN:
                    closed = True
                    out[3, m] = now
                    out[5, m] = EXIT_WON if state == WON else EXIT_LOST
                elif closed:
                    closed = False
                    ignored -= late if now == late_us else 0
                    m += 1
                    out[0, m], out[1, m], out[2, m], out[4, m] = i, standing, now, REOPENED
                    out[3, m], out[5, m], out[6, m] = as_of, HERE, been[standing] == i
                    been[standing] = i
        m += 1
    return m, ignored
