"""The path of every lead through the stages, as visits: how each began, how it ended, and which stage came next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from history.base.arrays import Flags, Floats, Ints, Mask
from history.base.compiled import compiled
from history.history import OPEN, WON, History
from history.snapshot import state_rows

HERE, MOVED_ON, MOVED_BACK, EXIT_WON, EXIT_LOST = range(5)  # how a visit ends; HERE goes on
FROM_START, FORWARD, SKIPPED, BACK, REOPENED = range(5)  # how a visit begins
EXITS = ("here", "moved_on", "moved_back", "won", "lost")
ENTRIES = ("start", "forward", "skip", "back", "reopened")
NO_STAGE = 0  # the place before the first stage

# Rows of the kernel's output, one column a visit.
LEAD, PLACE, BEGIN, END, ENTRY, EXIT, RETURN = range(7)


@dataclass(frozen=True)
class Visits:
    """m visits, by lead and then time, columns (m,).

    place: 0 before the first stage, then 1..k in stage order. begin_us, end_us: end_us is as_of_us for a visit that
    goes on; no visit begins before its lead is created. entry, exit: codes of ENTRIES and EXITS. next_place: 0 if no
    visit follows. is_return: the lead was in this place before.
    """

    lead: Ints
    place: Ints
    begin_us: Ints
    end_us: Ints
    entry: Flags
    exit: Flags
    next_place: Ints
    is_return: Mask

    def __len__(self) -> int:
        return len(self.lead)

    def take(self, index: Ints | Mask) -> "Visits":
        return Visits(**{name: column[index] for name, column in vars(self).items()})


@dataclass(frozen=True)
class StagePaths:
    """The n leads known at as_of_us, their states and their visits; `names` (k,) are the stages in order.

    Columns (n,), in the history's order. closed_us: as_of_us while open. amount: NaN unless decided with a known one.
    is_implied: the closing time is implied, not given. reason: code of decisions.reason. ignored_entries counts stage
    entries while closed.
    """

    history: History
    names: Sequence[str]
    created_us: Ints
    state: Flags
    closed_us: Ints
    amount: Floats
    is_implied: Mask
    reason: Ints
    visits: Visits
    ignored_entries: int

    @property
    def as_of_us(self) -> int:
        return self.history.as_of_us

    @property
    def won(self) -> Mask:
        return np.asarray(self.state == WON)

    def __len__(self) -> int:
        return len(self.created_us)

    def name_of(self, place: int) -> str | None:
        """The stage at a place, None before the first stage."""
        return self.names[place - 1] if place else None


@dataclass(frozen=True)
class _Walk:
    """The visits of all leads, and the stage entries ignored because the lead was closed."""

    visits: Visits
    ignored_entries: int


def stage_names(history: History) -> tuple[str, ...]:
    """The configured stages in order, then the other stages of the data by name."""
    configured = history.config.stages
    codes = np.unique(history.stages.stage.codes).tolist()
    used = {history.stages.stage.values[code] for code in codes if code >= 0}
    return (*configured, *sorted(used - set(configured)))


def stage_paths(history: History) -> StagePaths:
    """The path of every lead through the stages, as known at the history's as_of_us."""
    names = stage_names(history)
    walk = _walk(history, {name: place for place, name in enumerate(names, start=1)})
    n, outcomes = len(history), history.decisions
    as_of = np.full(n, history.as_of_us, dtype=np.int64)
    row = state_rows(outcomes, np.arange(n, dtype=np.int64), as_of)
    has_outcome = row >= 0

    state = np.full(n, OPEN, dtype=np.int8)
    state[has_outcome] = outcomes.state[row[has_outcome]]
    closed = state != OPEN
    row = row[closed]
    closed_us, amount = as_of, np.full(n, np.nan)
    is_implied, reason = np.zeros(n, dtype=np.bool_), np.full(n, -1, dtype=np.int64)
    closed_us[closed] = outcomes.time_us[row]
    amount[closed] = outcomes.amount[row]
    is_implied[closed] = outcomes.implied[row]
    reason[closed] = outcomes.reason.codes[row]
    return StagePaths(
        history=history,
        names=names,
        created_us=history.created_us,
        state=state,
        closed_us=closed_us,
        amount=amount,
        is_implied=is_implied,
        reason=reason,
        visits=walk.visits,
        ignored_entries=walk.ignored_entries,
    )


def group_stages(paths: StagePaths, members: Mapping[str, Sequence[str]]) -> StagePaths:
    """The same leads over groups of stages: moves within a group vanish, stages outside of all groups are left out."""
    names = tuple(members)
    place_of = {stage: place for place, name in enumerate(names, start=1) for stage in members[name]}
    walk = _walk(paths.history, place_of)
    return replace(paths, names=names, visits=walk.visits, ignored_entries=walk.ignored_entries)


def _walk(history: History, place_of: Mapping[str, int]) -> _Walk:
    log, outcomes = history.stages, history.decisions
    # The last entry serves code -1; stages without a place are -1 too.
    place_of_code = np.array([*(place_of.get(name, -1) for name in log.stage.values), -1], dtype=np.int64)
    place = place_of_code[log.stage.codes]
    most_visits = len(history) + len(place) + len(outcomes.state)
    out = np.zeros((7, most_visits), dtype=np.int64)
    n, ignored = _walk_leads(
        out, history.created_us, history.as_of_us,
        log.offsets, log.time_us, place, outcomes.offsets, outcomes.time_us, outcomes.state,
        max(place_of.values(), default=0),
    )  # fmt: skip
    out = out[:, :n]
    lead, where = out[LEAD], out[PLACE]
    next_place = np.zeros(n, dtype=np.int64)
    if n:
        follows = (lead[1:] == lead[:-1]) & (out[ENTRY, 1:] != REOPENED)
        next_place[:-1] = np.where(follows, where[1:], 0)
    visits = Visits(
        lead=lead,
        place=where,
        begin_us=out[BEGIN],
        end_us=out[END],
        entry=out[ENTRY].astype(np.int8),
        exit=out[EXIT].astype(np.int8),
        next_place=next_place,
        is_return=out[RETURN] > 0,
    )
    return _Walk(visits, ignored)


@compiled()
def _entry_kind(place: int, to: int) -> int:
    """How a move from a place to another begins the next visit."""
    if to < place:
        return BACK
    if place == NO_STAGE:
        return FROM_START
    return SKIPPED if to > place + 1 else FORWARD


@compiled()
def _begin_visit(
    out: Ints, m: int, lead: int, place: int, begin: int, entry: int, as_of: int, is_return: bool
) -> None:
    """Writes visit m, which goes on until it is ended."""
    out[LEAD, m], out[PLACE, m], out[BEGIN, m], out[ENTRY, m] = lead, place, begin, entry
    out[END, m], out[EXIT, m], out[RETURN, m] = as_of, HERE, is_return


@compiled()
def _walk_leads(
    out: Ints,
    created: Ints,
    as_of: int,
    offsets: Ints,
    time: Ints,
    place: Ints,
    decided: Ints,
    decided_us: Ints,
    states: Flags,
    places: int,
) -> tuple[int, int]:
    """Writes every visit into a column of out (7, m); returns m and the number of ignored stage entries.

    At one instant stage entries come before decisions. Decisions without a reopening between them are one closing:
    the last. A stage entered while closed begins no visit, but is where a reopened lead stands; it is not counted as
    ignored if the lead reopens at the same instant.
    """
    m = ignored = late = late_us = 0
    last_visitor = np.full(places + 1, -1, dtype=np.int64)  # by place: the lead that was there last
    for i in range(len(created)):
        late_us = created[i] - 1
        s, s_end, d, d_end = offsets[i], offsets[i + 1], decided[i], decided[i + 1]
        standing, closed = NO_STAGE, False
        _begin_visit(out, m, i, NO_STAGE, created[i], FROM_START, as_of, False)
        last_visitor[NO_STAGE] = i
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
                if standing == NO_STAGE and now == created[i] and out[ENTRY, m] == FROM_START:
                    out[PLACE, m] = to
                else:
                    entry = _entry_kind(standing, to)
                    out[END, m] = now
                    out[EXIT, m] = MOVED_BACK if entry == BACK else MOVED_ON
                    m += 1
                    _begin_visit(out, m, i, to, now, entry, as_of, last_visitor[to] == i)
                standing = to
                last_visitor[to] = i
            else:
                state, now = states[d], max(decided_us[d], created[i])
                d += 1
                if state != OPEN:
                    closed = True
                    out[END, m] = now
                    out[EXIT, m] = EXIT_WON if state == WON else EXIT_LOST
                elif closed:
                    closed = False
                    ignored -= late if now == late_us else 0
                    m += 1
                    _begin_visit(out, m, i, standing, now, REOPENED, as_of, last_visitor[standing] == i)
                    last_visitor[standing] = i
        m += 1
    return m, ignored
