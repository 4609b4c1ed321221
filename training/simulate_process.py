"""The daily process of one simulated lead: its path by chance, and its exact chance of a win, from the same rates.

A lead's state is what its rows show: stage, Mondays since it entered the stage (0 to 4), half-weeks since its last inbound touch (0 to 4),
and whether a demo took place. Each open day t moves it in two steps: on business days at most one of won, lost, forward, skip or back with
probability rate / (1 + sum of rates); then an inbound touch, which may be a demo. Counters tick before that, on Mondays and on Mondays
and Thursdays. `win_chance` carries the whole distribution over states through the same steps, so the truth has no sampling error.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

STAGES, DWELLS, RECENCIES = 4, 5, 5
STATES = STAGES * DWELLS * RECENCIES * 2
WON, LOST, FORWARD, SKIP, BACK = range(5)  # columns of the rates
ENTER, WIN, LOSE, REOPEN, INBOUND, DEMO, OUTBOUND, AMBIENT, OPT = range(9)  # event codes


class Tables(NamedTuple):
    """Rates by state (STATES, 5) a business day at score 0, what the score does to each (5,), and touches a day by state."""

    rates: Floats
    slope: Floats
    inbound: Floats
    demo: Floats
    outbound: Floats
    ambient: float
    reopened: float


class Calendar(NamedTuple):
    """Factors by day from first_day (days since 1970) on: moves (0 at weekends), wins, touches; ticks and month numbers (-1 none)."""

    first_day: int
    moves: Floats
    wins: Floats
    touches: Floats
    monday: npt.NDArray[np.bool_]
    half_week: npt.NDArray[np.bool_]
    month: Ints


class Starts(NamedTuple):
    """n leads at creation: rng key, created day, first recency, planned day (-1 none), score by stage (n, 4), log engagement."""

    key: Keys
    day: Ints
    recency: Ints
    planned: Ints
    score: Floats
    engagement: Floats


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _uniform(key: Any, counter: Any) -> Any:
    """Counter-based uniform in [0, 1): splitmix64 of key and counter (Steele, Lea, Flood 2014)."""
    z = key + np.uint64(counter + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _plan_factor(day: Any, planned: Any) -> Any:
    """How the win rate follows the planned close date: low well before, high around it, low once it has passed."""
    if planned < 0:
        return 1.0
    ahead = planned - day
    if ahead > 21:
        return 0.55
    if ahead > 7:
        return 1.0
    if ahead >= -10:
        return 2.6
    return 0.45


@njit(cache=True)  # type: ignore[untyped-decorator]
def _lead_rates(score: Any, rates: Any, slope: Any) -> Any:
    """The (STATES, 5) rates of one lead with a score in each stage."""
    own = np.empty_like(rates)
    per_stage = DWELLS * RECENCIES * 2
    for stage in range(STAGES):
        for k in range(5):
            factor = np.exp(slope[k] * score[stage])
            for s in range(stage * per_stage, (stage + 1) * per_stage):
                own[s, k] = rates[s, k] * factor
    return own


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _entered(state: Any, move: Any) -> Any:
    """The state after a stage move: the new stage, no days in it, recency and demo as they were."""
    per_stage = DWELLS * RECENCIES * 2
    stage = state // per_stage
    if move == FORWARD:
        stage += 1
    elif move == SKIP:
        stage += 2
    else:
        stage -= 1
    return stage * per_stage + state % (RECENCIES * 2)


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _ticked(state: Any, monday: Any, half_week: Any) -> Any:
    demo = state % 2
    recency = (state // 2) % RECENCIES
    dwell = (state // (2 * RECENCIES)) % DWELLS
    stage = state // (2 * RECENCIES * DWELLS)
    if monday and dwell < DWELLS - 1:
        dwell += 1
    if half_week and recency < RECENCIES - 1:
        recency += 1
    return ((stage * DWELLS + dwell) * RECENCIES + recency) * 2 + demo


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _touch_chance(inbound: Any, engagement: Any, touches: Any) -> Any:
    return min(0.9, inbound * engagement * touches)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def paths(starts: Any, tables: Any, calendar: Any, last_day: Any, events: Any, states: Any) -> Any:
    """Runs every lead to last_day; fills events (m, 4: lead, day, code, detail) and states (n, months), -1 where not open.

    Returns the number of events; with an events array too small, only counts the rest, so that the caller can size it and run again.
    The detail is a stage for ENTER and REOPEN, the days between being noticed and having happened for INBOUND and ENTER rows (late rows).
    """
    count = 0
    room = len(events)
    for i in range(len(starts.key)):
        key = starts.key[i]
        own = _lead_rates(starts.score[i], tables.rates, tables.slope)
        engagement = np.exp(starts.engagement[i])
        state = starts.recency[i] * 2
        day = starts.day[i] + 1
        while day <= last_day + 1:
            c = day - calendar.first_day
            if calendar.month[c] >= 0:
                states[i, calendar.month[c]] = state
            if day > last_day:
                break
            state = _ticked(state, calendar.monday[c], calendar.half_week[c])
            code = -1
            if calendar.moves[c] > 0.0:
                total = 1.0
                won = own[state, WON] * calendar.wins[c] * _plan_factor(day, starts.planned[i])
                total += won * calendar.moves[c]
                for k in range(1, 5):
                    total += own[state, k] * calendar.moves[c]
                u = _uniform(key, day * 8) * total
                edge = 0.0
                for k in range(5):
                    edge += (won if k == WON else own[state, k]) * calendar.moves[c]
                    if u < edge:
                        code = k
                        break
            if code == WON or code == LOST:
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2], events[count, 3] = (
                        i,
                        day,
                        WIN if code == WON else LOSE,
                        0,
                    )
                count += 1
                back = day + 15 + np.int64(75.0 * _uniform(key, day * 8 + 2))
                while back <= last_day and calendar.moves[back - calendar.first_day] == 0.0:
                    back += 1
                if code == WON or _uniform(key, day * 8 + 1) >= tables.reopened or back > last_day:
                    break
                day = back
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2], events[count, 3] = i, day, REOPEN, 1
                count += 1
                state = DWELLS * RECENCIES * 2 + state % 2
                day += 1
                continue
            if code >= 0:
                state = _entered(state, code)
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2] = i, day, ENTER
                    events[count, 3] = state // (DWELLS * RECENCIES * 2)
                count += 1
            if _uniform(key, day * 8 + 3) < _touch_chance(
                tables.inbound[state], engagement, calendar.touches[c]
            ):
                is_demo = (
                    calendar.moves[c] > 0.0
                    and state % 2 == 0
                    and _uniform(key, day * 8 + 4) < tables.demo[state]
                )
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2], events[count, 3] = (
                        i,
                        day,
                        DEMO if is_demo else INBOUND,
                        0,
                    )
                count += 1
                state = state - (state // 2 % RECENCIES) * 2 + (1 if is_demo else 0)
            v = _uniform(key, day * 8 + 5)
            if calendar.moves[c] > 0.0 and v < tables.outbound[state]:
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2], events[count, 3] = (
                        i,
                        day,
                        OUTBOUND,
                        0,
                    )
                count += 1
            elif v > 1.0 - tables.ambient:
                if count < room:
                    events[count, 0], events[count, 1], events[count, 2], events[count, 3] = (
                        i,
                        day,
                        AMBIENT,
                        0,
                    )
                count += 1
            day += 1
    return count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def win_chance(starts: Any, tables: Any, calendar: Any, states: Any, days: Any) -> Any:
    """P(won within days[1] days) at each month's start days[0][m], exact, (n, months); NaN where states is -1.

    The distribution over states goes forward day by day; what leaves to won is summed, what leaves to lost is gone, reopened or not.
    """
    n, months = states.shape
    chance = np.full((n, months), np.nan)
    month_days, horizon = days
    mass = np.zeros(STATES)
    after = np.zeros(STATES)
    for i in range(n):
        own = _lead_rates(starts.score[i], tables.rates, tables.slope)
        engagement = np.exp(starts.engagement[i])
        for m in range(months):
            if states[i, m] < 0:
                continue
            mass[:] = 0.0
            mass[states[i, m]] = 1.0
            won = 0.0
            for day in range(month_days[m], month_days[m] + horizon):
                c = day - calendar.first_day
                if calendar.half_week[c]:
                    after[:] = 0.0
                    for s in range(STATES):
                        if mass[s] > 0.0:
                            after[_ticked(s, calendar.monday[c], True)] += mass[s]
                    mass[:] = after
                moves = calendar.moves[c]
                if moves > 0.0:
                    after[:] = 0.0
                    plan = calendar.wins[c] * _plan_factor(day, starts.planned[i])
                    for s in range(STATES):
                        if mass[s] == 0.0:
                            continue
                        win = own[s, WON] * plan
                        total = 1.0 + moves * (
                            win + own[s, LOST] + own[s, FORWARD] + own[s, SKIP] + own[s, BACK]
                        )
                        share = mass[s] / total
                        won += share * moves * win
                        after[s] += share
                        for k in range(FORWARD, BACK + 1):
                            if own[s, k] > 0.0:
                                after[_entered(s, k)] += share * moves * own[s, k]
                    mass[:] = after
                for s in range(STATES):
                    if mass[s] == 0.0:
                        continue
                    touched = mass[s] * _touch_chance(tables.inbound[s], engagement, calendar.touches[c])
                    demo = touched * tables.demo[s] if moves > 0.0 and s % 2 == 0 else 0.0
                    fresh = s - (s // 2 % RECENCIES) * 2
                    mass[s] -= touched
                    mass[fresh] += touched - demo
                    if demo > 0.0:
                        mass[fresh + 1] += demo
            chance[i, m] = won
    return chance
